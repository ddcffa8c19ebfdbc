//! A WebSocket proxy in front of a node that gives wrong answers to one method, and counts what it was asked.
//!
//! The node is asked all the same, unless the request itself is spoilt: what a method does, it does, and only its answer is
//! wrong. That is the worse case for a submission.

use serde_json::{Value, json};
use soketto::Sender;
use soketto::handshake::server::Response;
use soketto::handshake::{Client, Server, ServerResponse};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// More than is read of an answer.
const HUGE_BYTES: usize = 17 << 20;

/// What is wrong with the answers of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    Error,
    Null,
    Garbage,
    Empty,
    AnotherBlocks,
    Huge,
    Late,
    /// The error with which nodes say that they lack a block.
    UnknownBlock,
}

impl Wrong {
    pub const ALL: [Self; 8] = [
        Self::Error,
        Self::Null,
        Self::Garbage,
        Self::Empty,
        Self::AnotherBlocks,
        Self::Huge,
        Self::Late,
        Self::UnknownBlock,
    ];
}

/// Which answers are wrong, and how.
#[derive(Clone, Debug)]
pub struct Rule {
    /// As [`name_of`] gives it; `*` for every one.
    pub methods: Vec<&'static str>,
    pub wrong: Wrong,
    /// The hash and the number of the block that is spoken of instead.
    pub other: ([u8; 32], u32),
    /// How late is late.
    pub late: Duration,
}

#[derive(Default)]
struct State {
    rule: Option<Rule>,
    /// When the first wrong answer of the present rule was given, and how many were.
    wrong: Option<(Instant, u32)>,
    /// When something was asked last, and first since the clock was reset.
    asked: Option<Instant>,
    called: BTreeSet<String>,
    /// Whether every head is sent repeatedly, as fast as it is read.
    floods: bool,
}

/// The proxy's switches. Cheap to clone.
#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Serves on a free port, on the present runtime.
    pub async fn start(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = Self { address: listener.local_addr().expect("an address"), state: Arc::default() };
        let (served, node) = (proxy.clone(), node.trim_start_matches("ws://").to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(served.clone(), stream, node.clone()));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What is wrong from now on; what was counted is forgotten.
    pub fn set(&self, rule: Option<Rule>) {
        let mut state = self.state();
        (state.rule, state.wrong, state.asked) = (rule, None, None);
    }

    /// When the first wrong answer was given, and how many were since.
    pub fn wrong_answers(&self) -> Option<(Instant, u32)> {
        self.state().wrong
    }

    /// When something was asked for the first time since [`Proxy::set`].
    pub fn asked(&self) -> Option<Instant> {
        self.state().asked
    }

    /// Forgets when something was asked.
    pub fn forget_asked(&self) {
        self.state().asked = None;
    }

    /// Every method that was called, and every notification that was sent.
    pub fn called(&self) -> BTreeSet<String> {
        self.state().called.clone()
    }

    /// Repeats the newest head without end from the next one on.
    pub fn flood(&self, floods: bool) {
        self.state().floods = floods;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call or a notification, and gives the rule if its answer is to be wrong.
    fn strike(&self, name: &str) -> Option<Rule> {
        let mut state = self.state();
        state.called.insert(name.to_owned());
        let rule = state.rule.clone().filter(|rule| rule.methods.iter().any(|method| [name, "*"].contains(method)))?;
        let (_, count) = state.wrong.get_or_insert_with(|| (Instant::now(), 0));
        *count += 1;
        Some(rule)
    }
}

/// A method; of a few, with what is asked of it.
pub fn name_of(message: &Value) -> String {
    let method = message["method"].as_str().unwrap_or_default();
    match (method, &message["params"][0]) {
        ("chain_getBlockHash", Value::Null) => "chain_getBlockHash best".to_owned(),
        ("chain_getBlockHash", number) if *number == 0 => "chain_getBlockHash genesis".to_owned(),
        ("chain_getBlockHash", _) => "chain_getBlockHash number".to_owned(),
        ("state_call", Value::String(function)) => format!("state_call {function}"),
        _ => method.to_owned(),
    }
}

async fn serve(proxy: Proxy, stream: TcpStream, node: String) {
    let _ = stream.set_nodelay(true);
    let mut server = Server::new(stream.compat());
    let Ok(key) = server.receive_request().await.map(|request| request.key()) else { return };
    if server.send_response(&Response::Accept { key, protocol: None }).await.is_err() {
        return;
    }
    let (to_client, mut from_client) = server.into_builder().finish();
    let Ok(upstream) = TcpStream::connect(&node).await else { return };
    let _ = upstream.set_nodelay(true);
    let mut client = Client::new(upstream.compat(), &node, "/");
    if !matches!(client.handshake().await, Ok(ServerResponse::Accepted { .. })) {
        return;
    }
    let (mut to_node, mut from_node) = client.into_builder().finish();
    let (outgoing, messages) = unbounded_channel::<String>();
    let spoilt: Arc<Mutex<BTreeMap<u64, (String, Rule)>>> = Arc::default();

    let asking = async {
        let mut buffer = Vec::new();
        while from_client.receive_data(&mut buffer).await.is_ok() {
            let mut request: Value = serde_json::from_slice(&buffer).expect("our own requests");
            buffer.clear();
            proxy.state().asked.get_or_insert_with(Instant::now);
            let name = name_of(&request);
            if let Some(rule) = proxy.strike(&name) {
                if rule.wrong == Wrong::AnotherBlocks {
                    spoil_request(&mut request, &name, &rule);
                }
                let id = request["id"].as_u64().expect("an id");
                spoilt.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (name, rule));
            }
            if to_node.send_text(request.to_string()).await.is_err() || to_node.flush().await.is_err() {
                return;
            }
        }
    };
    let answering = async {
        let mut buffer = Vec::new();
        while from_node.receive_data(&mut buffer).await.is_ok() {
            let mut answer: Value = serde_json::from_slice(&buffer).expect("the node's answers");
            buffer.clear();
            let rule = match answer["id"].as_u64() {
                Some(id) => spoilt.lock().unwrap_or_else(PoisonError::into_inner).remove(&id),
                None => {
                    let name = answer["method"].as_str().unwrap_or_default().to_owned();
                    proxy.strike(&name).map(|rule| (name, rule))
                }
            };
            match rule {
                None => drop(outgoing.send(answer.to_string())),
                Some((_, rule)) if rule.wrong == Wrong::Late => send_late(&outgoing, answer, rule.late),
                Some((_, rule)) if rule.wrong == Wrong::Huge => drop(outgoing.send(huge(&answer))),
                Some((name, rule)) => {
                    spoil_answer(&mut answer, &name, &rule);
                    drop(outgoing.send(answer.to_string()));
                }
            }
        }
    };
    tokio::select! {
        () = asking => {}
        () = answering => {}
        () = send(&proxy, messages, to_client) => {}
    }
}

/// Sends messages to the client; a head is repeated without end where the proxy floods.
async fn send(proxy: &Proxy, mut messages: UnboundedReceiver<String>, mut to_client: Sender<Compat<TcpStream>>) {
    let mut repeated: Option<String> = None;
    loop {
        let message = match &repeated {
            None => messages.recv().await,
            Some(head) => Some(messages.try_recv().unwrap_or_else(|_| head.clone())),
        };
        let Some(message) = message else { return };
        if message.contains("chain_finalizedHead") && proxy.state().floods {
            repeated = Some(message.clone());
        }
        if to_client.send_text_owned(message).await.is_err() || to_client.flush().await.is_err() {
            return;
        }
    }
}

fn send_late(outgoing: &UnboundedSender<String>, answer: Value, late: Duration) {
    let outgoing = outgoing.clone();
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        let _ = outgoing.send(answer.to_string());
    });
}

/// The same message with a result that is larger than anything that is read. It is put together as text, for it is often sent.
fn huge(answer: &Value) -> String {
    let zeros = "0".repeat(HUGE_BYTES);
    match answer["id"].as_u64() {
        Some(id) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"{zeros}\"}}"),
        None => {
            let (method, subscription) = (&answer["method"], &answer["params"]["subscription"]);
            let head =
                format!("{{\"jsonrpc\":\"2.0\",\"method\":{method},\"params\":{{\"subscription\":{subscription}");
            format!("{head},\"result\":\"{zeros}\"}}}}")
        }
    }
}

fn hex_of(hash: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}

/// Asks of another block than was asked of.
fn spoil_request(request: &mut Value, name: &str, rule: &Rule) {
    let Some(parameters) = request["params"].as_array_mut() else { return };
    match name {
        "chain_getBlockHash genesis" | "chain_getBlockHash number" => parameters[0] = json!(rule.other.1),
        "author_submitAndWatchExtrinsic" | "author_unwatchExtrinsic" | "system_accountNextIndex" => {}
        _ => {
            if let Some(hash) = parameters.last_mut().filter(|last| last.as_str().is_some_and(|text| text.len() == 66))
            {
                *hash = json!(hex_of(&rule.other.0));
            }
        }
    }
}

fn spoil_answer(answer: &mut Value, name: &str, rule: &Rule) {
    let is_notification = answer["id"].is_null();
    let error = |code: i32, message: &str| json!({ "code": code, "message": message });
    let failure = match rule.wrong {
        Wrong::Error => Some(error(-32603, "Internal error")),
        Wrong::UnknownBlock => Some(error(-32000, "Client error: UnknownBlock: Header was not found in the database")),
        _ => None,
    };
    if let Some(failure) = failure.filter(|_| !is_notification) {
        let fields = answer.as_object_mut().expect("an object");
        fields.remove("result");
        fields.insert("error".to_owned(), failure);
        return;
    }
    let result = if is_notification { &mut answer["params"]["result"] } else { &mut answer["result"] };
    let wrong = match (rule.wrong, &*result) {
        (Wrong::Null | Wrong::Error | Wrong::UnknownBlock, _) => Value::Null,
        (Wrong::Empty, Value::String(text)) => json!(if text.starts_with("0x") { "0x" } else { "" }),
        (Wrong::Empty, Value::Array(_)) => json!([]),
        (Wrong::Empty, Value::Object(_)) => json!({}),
        (Wrong::Empty, _) => json!(""),
        (Wrong::AnotherBlocks, result) => another_blocks(result, name, rule),
        (Wrong::Garbage | Wrong::Huge | Wrong::Late, _) => json!("0xzz\u{2603} no answer \\ of any kind"),
    };
    *result = wrong;
}

fn another_blocks(result: &Value, name: &str, rule: &Rule) -> Value {
    let hash = json!(hex_of(&rule.other.0));
    match name {
        "chain_getFinalizedHead" | "chain_getBlockHash best" => hash,
        "system_accountNextIndex" => json!(result.as_u64().unwrap_or_default() + 1_000),
        "system_health" => json!({ "peers": 0, "isSyncing": true, "shouldHavePeers": true }),
        "chain_finalizedHead" => {
            let mut header = result.clone();
            header["number"] = json!(format!("{:#x}", rule.other.1));
            header
        }
        "author_extrinsicUpdate" => match result.get("finalized") {
            Some(_) => json!({ "finalized": hash }),
            None => result.clone(),
        },
        // A subscription of somebody else.
        "chain_subscribeFinalizedHeads" | "author_submitAndWatchExtrinsic" => json!("somebody-elses"),
        _ => result.clone(),
    }
}
