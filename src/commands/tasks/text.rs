//! The list of tasks as text, in lines of a terminal's width.
//!
//! What validators wrote is escaped, and cut where a line ends.

use super::list::{Content, ListedValidator, TaskList};
use crate::text::visible::visible;
use std::fmt::Write;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::task::{Task, TaskGist};
use tensorflix_domain::task_source::TaskSource;

/// Characters in a line.
const WIDTH: usize = 80;

/// The indentation of the details of a task.
const INDENT: &str = "      ";

/// The list, with a line end after its last line.
pub fn to_text(list: &TaskList) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_list(&mut text, list);
    text
}

fn write_list(text: &mut String, list: &TaskList) -> std::fmt::Result {
    let (publishing, silent): (Vec<_>, Vec<_>) =
        list.validators.iter().partition(|validator| validator.content.tasks().is_some());
    writeln!(text, "Tasks of subnet {} at block {} ({})", list.netuid, list.at.block, list.at.time)?;
    writeln!(text, "{} validators with a permit, {} of them with tasks", list.validators.len(), publishing.len())?;
    write_source(text, list)?;
    if let (Some(pointer), Some(content)) = (&list.configured, &list.configured_elsewhere) {
        writeln!(text, "\nConfigured gist, which no validator with a permit commits")?;
        write_gist(text, list, pointer, None, content)?;
    }
    for validator in publishing {
        let ListedValidator { uid, hotkey, stake_rao, pointer, content } = validator;
        writeln!(text, "\nUID {uid}  {hotkey}  stake {}", stake(*stake_rao))?;
        if let Some(pointer) = pointer {
            write_gist(text, list, pointer, Some(*uid), content)?;
        }
    }
    if !silent.is_empty() {
        writeln!(text, "\nWithout tasks:")?;
    }
    for validator in silent {
        if let Content::None(why) = &validator.content {
            let mark = if list.is_configured(validator.pointer.as_ref()) { " (configured)" } else { "" };
            write_note(text, "  ", &format!("UID {}{mark}: {why}", validator.uid))?;
        }
    }
    Ok(())
}

/// Writes which tasks `run` counts.
fn write_source(text: &mut String, list: &TaskList) -> std::fmt::Result {
    match (list.task_source, &list.configured) {
        (TaskSource::Network, _) => {
            writeln!(
                text,
                "`run` counts the tasks of all these validators: each divides its share of stake among its tasks"
            )
        }
        (TaskSource::Gist, Some(_)) => writeln!(text, "`run` counts the tasks of the configured gist"),
        (TaskSource::Gist, None) => {
            writeln!(text, "`run` counts the tasks of its own hotkey's gist, as none is configured")
        }
    }
}

fn write_gist(
    text: &mut String,
    list: &TaskList,
    pointer: &GistPointer,
    uid: Option<Uid>,
    content: &Content,
) -> std::fmt::Result {
    let mark = if list.is_configured(Some(pointer)) { "  (configured)" } else { "" };
    writeln!(text, "  gist {pointer}{mark}")?;
    match content {
        Content::Tasks(gist) => write_tasks(text, list, uid, gist),
        Content::None(why) => write_note(text, "  ", why),
    }
}

fn write_tasks(text: &mut String, list: &TaskList, uid: Option<Uid>, gist: &TaskGist) -> std::fmt::Result {
    if gist.tasks.is_empty() {
        writeln!(text, "  no tasks")?;
    }
    for task in &gist.tasks {
        write_task(text, task, list.standing(&task.id, uid).map(|standing| standing.weighted.weight))?;
        write_collision(text, list, uid, task)?;
    }
    for problem in &gist.problems {
        let line = problem.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        write_note(text, "  ", &format!("{line}{}", problem.reason))?;
    }
    Ok(())
}

/// A task, and its weight with `task_source = "network"`.
fn write_task(text: &mut String, task: &Task, weight: Option<f64>) -> std::fmt::Result {
    writeln!(text, "  - {}", excerpt(task.id.as_str(), "  - ".len()))?;
    let end = task.end_at.map(|end| format!(" to {end}")).unwrap_or_default();
    writeln!(text, "{INDENT}{}, from {}{end}", task.platform, task.start_at)?;
    if let Some(weight) = weight {
        writeln!(text, "{INDENT}weight {:.3} % with task_source = \"network\"", weight * 100.0)?;
    }
    writeln!(text, "{INDENT}{}", excerpt(&task.description, INDENT.len()))
}

fn write_collision(text: &mut String, list: &TaskList, uid: Option<Uid>, task: &Task) -> std::fmt::Result {
    let others = list.others_with(&task.id, uid);
    if others.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = others.iter().map(|other| format!("UID {other}")).collect();
    let others = named.join(", ");
    let Some(network) = list.network.get(&task.id) else { return Ok(()) };
    let standing: Vec<String> = network.publishers.iter().map(|publisher| format!("UID {publisher}")).collect();
    let standing = standing.join(", ");
    let words = match list.standing(&task.id, uid) {
        Some(_) if network.void.is_empty() => "the same task, so their shares are added".to_owned(),
        Some(_) => format!("with task_source = \"network\", the task of {standing} counts, by stake"),
        None => {
            format!("with task_source = \"network\", the task of {standing} counts, by stake, and this one does not")
        }
    };
    write_note(text, INDENT, &format!("also a task of {others}; {words}"))
}

/// A note, in as many lines as it takes.
fn write_note(text: &mut String, indent: &str, note: &str) -> std::fmt::Result {
    let most = WIDTH - indent.len() - "! ".len();
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in visible(note).split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > most {
            lines.push(std::mem::take(&mut line));
        }
        line.extend((!line.is_empty()).then_some(' '));
        line.push_str(word);
    }
    lines.push(line);
    for (line, mark) in lines.iter().zip(std::iter::once("! ").chain(std::iter::repeat("  "))) {
        writeln!(text, "{indent}{mark}{line}")?;
    }
    Ok(())
}

/// As much of a text as fits into a line behind `indent` characters.
fn excerpt(text: &str, indent: usize) -> String {
    let most = WIDTH - indent;
    let mut shown: Vec<char> = visible(text).chars().take(most + 1).collect();
    if shown.len() > most {
        shown.truncate(most - 1);
        shown.push('…');
    }
    shown.into_iter().collect()
}

/// RAO in whole units with three decimals, rounded down.
fn stake(stake_rao: u64) -> String {
    const RAO: u64 = 1_000_000_000;
    const RAO_PER_THOUSANDTH: u64 = RAO / 1_000;
    format!("{}.{:03}", stake_rao / RAO, stake_rao % RAO / RAO_PER_THOUSANDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_visible_line_that_fits() {
        for (text, expected) in [
            ("plain é 漢", "plain é 漢".to_owned()),
            ("two\nlines \u{1b}[31mred\u{202e}", "two\\nlines \\u001b[31mred\\u202e".to_owned()),
            (&"x".repeat(70), "x".repeat(70)),
            (&"x".repeat(71), "x".repeat(69) + "…"),
        ] {
            assert_eq!(excerpt(text, 10), expected, "{text:?}");
        }
    }

    #[test]
    fn a_note_is_broken_between_words_and_its_lines_fit() {
        let mut text = String::new();
        write_note(&mut text, "  ", &"word \u{1b} ".repeat(20)).expect("written");
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(
            text.starts_with("  ! word \\u001b word")
                && text.lines().nth(1).is_some_and(|line| line.starts_with("    "))
        );
        assert_eq!(text.matches("word").count(), 20);
    }

    #[test]
    fn stakes_are_shown_in_whole_units() {
        for (stake_rao, shown) in
            [(0, "0.000"), (999_999, "0.000"), (1_234_567_890_123, "1234.567"), (1_000_000, "0.001")]
        {
            assert_eq!(stake(stake_rao), shown);
        }
    }
}
