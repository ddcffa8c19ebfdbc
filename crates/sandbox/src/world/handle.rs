//! The world as servers and tests share it: behind a lock, at the newest block, and open to change.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use thiserror::Error;

use super::content::{Content, Counts};
use super::gist::{Gist, GistFile};
use super::task::Platform;
use super::{Member, World};
use crate::clock::SandboxClock;

/// Why a change was not made: a mistake in the test that asked for it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WorldError {
    /// No gist has this id.
    #[error("the sandbox has no gist {0}; use an id from `World::members`")]
    UnknownGist(String),
    /// No content has this id on this platform.
    #[error("the sandbox has no video or reel {0}; use an id from a gist, or add it first")]
    UnknownContent(String),
    /// Nobody has this GitHub login.
    #[error("the sandbox has no GitHub user {0}; use a login from `World::members`")]
    UnknownUser(String),
}

/// A shared world. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorldHandle {
    world: Arc<RwLock<World>>,
    clock: SandboxClock,
}

impl WorldHandle {
    /// Shares a world that lives by this clock.
    pub fn new(world: World, clock: SandboxClock) -> Self {
        Self { world: Arc::new(RwLock::new(world)), clock }
    }

    /// The newest block.
    pub fn block(&self) -> u32 {
        self.clock.block()
    }

    /// The clock that the world lives by.
    pub fn clock(&self) -> &SandboxClock {
        &self.clock
    }

    /// Moves the clock of a world that lives without a chain node. Where there is a node, it alone moves the clock.
    pub fn advance_to(&self, block: u32) {
        self.clock.advance_to(block);
    }

    /// Reads the world; changes wait as long as the guard lives.
    pub fn read(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of our validator.
    pub fn validator(&self) -> Member {
        self.read().validator().clone()
    }

    /// Replaces a gist's files by one, as a new revision at the newest block, and returns the revision's name. Planned
    /// changes of this gist are dropped.
    pub fn edit_gist(&self, gist_id: &str, file: &str, bytes: impl Into<Vec<u8>>) -> Result<String, WorldError> {
        self.edit_gist_files(gist_id, vec![GistFile::new(file, bytes)])
    }

    /// As [`edit_gist`](Self::edit_gist), with several files.
    pub fn edit_gist_files(&self, gist_id: &str, files: Vec<GistFile>) -> Result<String, WorldError> {
        let block = self.block();
        self.with_gist(gist_id, |gist| {
            gist.forget_after(block);
            gist.push(block, files)
        })
    }

    /// Replaces a gist's files from a later block on. What was planned before for after the newest block is dropped.
    pub fn plan_gist(&self, gist_id: &str, block: u32, files: Vec<GistFile>) -> Result<String, WorldError> {
        let newest = self.block();
        self.with_gist(gist_id, |gist| {
            gist.forget_after(newest);
            gist.push(block, files)
        })
    }

    /// Makes a gist public or secret.
    pub fn set_gist_public(&self, gist_id: &str, public: bool) -> Result<(), WorldError> {
        self.with_gist(gist_id, |gist| gist.public = public)
    }

    /// Hands a gist to another login and owner number, as after a sale or a rename.
    pub fn set_gist_owner(&self, gist_id: &str, owner: &str, owner_id: u64) -> Result<(), WorldError> {
        self.with_gist(gist_id, |gist| {
            gist.owner = owner.to_owned();
            gist.owner_id = owner_id;
        })
    }

    /// Adds a gist, or replaces the one with its id.
    pub fn add_gist(&self, gist: Gist) {
        self.write().gists.insert(gist.id.clone(), gist);
    }

    /// Deletes a gist with its history.
    pub fn remove_gist(&self, gist_id: &str) -> Result<(), WorldError> {
        self.write().gists.remove(gist_id).map(drop).ok_or_else(|| WorldError::UnknownGist(gist_id.to_owned()))
    }

    /// Renames a GitHub user: all its gists move with it, its account number does not change.
    pub fn rename_user(&self, from: &str, to: &str) -> Result<(), WorldError> {
        let mut world = self.write();
        let mut known = false;
        for member in world.members.iter_mut().filter(|member| member.username == from) {
            member.username = to.to_owned();
            known = true;
        }
        for gist in world.gists.values_mut().filter(|gist| gist.owner == from) {
            gist.owner = to.to_owned();
            known = true;
        }
        if known { Ok(()) } else { Err(WorldError::UnknownUser(from.to_owned())) }
    }

    /// Adds a video or reel, or replaces the one with its id.
    pub fn add_content(&self, content: Content) {
        self.write().edits.insert((content.platform, content.id.clone()), content);
    }

    /// Changes a video or reel.
    pub fn edit_content(
        &self,
        platform: Platform,
        id: &str,
        edit: impl FnOnce(&mut Content),
    ) -> Result<(), WorldError> {
        let mut world = self.write();
        let mut content = world.content(platform, id).ok_or_else(|| WorldError::UnknownContent(id.to_owned()))?;
        edit(&mut content);
        world.edits.insert((platform, id.to_owned()), content);
        Ok(())
    }

    /// Removes a video or reel from the newest block on.
    pub fn remove_content(&self, platform: Platform, id: &str) -> Result<(), WorldError> {
        let block = self.block();
        self.edit_content(platform, id, |content| content.removed_at_block = Some(block))
    }

    /// Shows these counts for a video or reel, at every block, until they are set again.
    pub fn set_counts(&self, platform: Platform, id: &str, counts: Counts) -> Result<(), WorldError> {
        let mut world = self.write();
        world.content(platform, id).ok_or_else(|| WorldError::UnknownContent(id.to_owned()))?;
        world.counts.insert((platform, id.to_owned()), counts);
        Ok(())
    }

    fn with_gist<T>(&self, gist_id: &str, edit: impl FnOnce(&mut Gist) -> T) -> Result<T, WorldError> {
        let mut world = self.write();
        world.gists.get_mut(gist_id).map(edit).ok_or_else(|| WorldError::UnknownGist(gist_id.to_owned()))
    }
}
