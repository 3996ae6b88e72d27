//! The example actions, run by the real watchdog against a stand-in of an exchange and a real systemd.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use holdfast::json::Value;
use holdfast_http::standin::{Answer, Asked, Server};
use holdfast_tests::harness::{Run, Scratch};
use rustix::process::geteuid;

/// An exchange that keeps its orders, and the last time its switch was set to.
#[derive(Default)]
struct Exchange {
    orders: BTreeMap<String, Value>,
    /// Orders that it says it has cancelled and keeps.
    stubborn: Vec<String>,
    refreshed: Vec<u64>,
    asked: Vec<String>,
}

const KEY: &str = "Bearer cancel-only";

impl Exchange {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.asked.push(format!("{} {}", asked.method, asked.path));
        if asked.header("authorization") != Some(KEY) {
            return Answer::new(401, "");
        }
        match (asked.method.as_str(), asked.path.strip_prefix("/orders/")) {
            ("DELETE", Some(id)) if self.stubborn.iter().any(|stubborn| stubborn == id) => {
                Answer::new(200, "{}")
            }
            ("DELETE", Some(id)) => match self.orders.remove(id) {
                Some(_) => Answer::new(200, "{}"),
                None => Answer::new(404, ""),
            },
            ("GET", None) => {
                let orders: Vec<&Value> = self.orders.values().collect();
                Answer::new(200, serde_json::json!({ "orders": orders }).to_string())
            }
            ("POST", None) => {
                let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
                let timeout = body["timeout"].as_u64().expect("seconds");
                self.refreshed.push(timeout);
                Answer::new(200, format!("{{\"current_time\":100,\"trigger_time\":{}}}", 100 + timeout))
            }
            _ => Answer::new(400, ""),
        }
    }
}

fn order(id: &str, more: Value) -> (String, Value) {
    let mut order = serde_json::json!({ "id": id, "symbol": "BTC", "side": "buy", "type": "limit", "quantity": 1, "reduce_only": false });
    let Value::Object(more) = more else { panic!("an object") };
    order.as_object_mut().expect("an object").extend(more);
    (id.to_owned(), order)
}

fn start() -> (Server, Arc<Mutex<Exchange>>) {
    let exchange = Arc::new(Mutex::new(Exchange::default()));
    let answering = Arc::clone(&exchange);
    (Server::start(move |asked| answering.lock().unwrap().answer(asked)), exchange)
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/actions").join(name)
}

/// A root whose watchdog runs this example as its action `act`.
fn root(name: &str, arguments: &[&str], more: &str) -> Scratch {
    let root = Scratch::new();
    root.put("key", "cancel-only\n");
    let mut command = vec![example(name).display().to_string()];
    command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    root.put(
        "holdfast.toml",
        format!(
            "[[watch]]\nname = \"bot\"\non_fail = [\"trip\", \"run:act\"]\n[action.act]\ncommand = {command:?}\n{more}"
        ),
    );
    root
}

/// What the action said in the journal.
#[track_caller]
fn said(root: &Scratch, ended: &str) -> String {
    let actions = root.journal("action");
    let last = actions.last().unwrap_or_else(|| panic!("no action was run"));
    assert_eq!(last["ended"], ended, "{last}");
    last["output"].as_str().expect("text").to_owned()
}

fn failed(root: &Scratch) {
    root.hb(&["--status", "failed"]).finish().expect(0);
    root.watchdog(&["check"]).finish().expect(1);
}

#[test]
fn entry_orders_are_cancelled_after_the_trip_and_what_protects_is_left() {
    let (server, exchange) = start();
    let protects = [
        order("stop", serde_json::json!({ "type": "stop", "reduce_only": true })),
        order("target", serde_json::json!({ "reduce_only": true })),
        order("all", serde_json::json!({ "close_position": true })),
        order("trigger", serde_json::json!({ "stop_price": 90 })),
        order("leg", serde_json::json!({ "parent_id": "limit" })),
    ];
    let entries = [
        order("limit", serde_json::json!({ "filled": 0 })),
        order("post", serde_json::json!({ "type": "post_only" })),
    ];
    exchange.lock().unwrap().orders = protects.iter().chain(&entries).cloned().collect();
    let arguments = ["--url", &server.url(), "--token-file", "key"];
    // Without --execute nothing is done.
    let dry = root("cancel-entry-orders", &arguments, "");
    failed(&dry);
    let output = said(&dry, "exit 0");
    assert!(
        output.contains("would cancel: limit BTC buy limit 1") && !output.contains("would cancel: stop"),
        "{output}"
    );
    assert_eq!(exchange.lock().unwrap().orders.len(), 7);
    let real = root("cancel-entry-orders", &[&arguments[..], &["--execute"]].concat(), "");
    failed(&real);
    let output = said(&real, "exit 0");
    assert!(output.contains("cancelled: post") && output.contains("0 entry orders are left"), "{output}");
    let left: Vec<String> = exchange.lock().unwrap().orders.keys().cloned().collect();
    assert_eq!(left, ["all", "leg", "stop", "target", "trigger"]);
    real.paused("bot: the pipeline reports");
}

#[test]
fn what_cannot_be_cancelled_or_told_apart_is_a_failure() {
    let (server, exchange) = start();
    let url = server.url();
    let arguments = ["--url", &url, "--token-file", "key", "--execute"];
    let run = |orders: &[(String, Value)], stubborn: &[&str]| {
        let mut exchange = exchange.lock().unwrap();
        exchange.orders = orders.iter().cloned().collect();
        exchange.stubborn = stubborn.iter().map(|id| (*id).to_owned()).collect();
        drop(exchange);
        let root = root("cancel-entry-orders", &arguments, "");
        failed(&root);
        said(&root, "exit 1")
    };
    let kept = run(&[order("a", serde_json::json!({})), order("b", serde_json::json!({}))], &["a"]);
    assert!(kept.contains("cancelled: b") && kept.contains("1 entry orders are left"), "{kept}");
    for unclear in [serde_json::json!({ "type": "iceberg" }), serde_json::json!({ "reduce_only": null })] {
        let output = run(&[order("a", serde_json::json!({})), order("odd", unclear)], &[]);
        assert!(output.contains("LEFT, nobody can tell what it is: odd"), "{output}");
        assert_eq!(exchange.lock().unwrap().orders.keys().collect::<Vec<_>>(), ["odd"]);
    }
    // With the entry its stop would go, and a part of the position stay.
    for filled in [serde_json::json!({ "filled": 0.5 }), serde_json::json!({})] {
        let output =
            run(&[order("entry", filled), order("stop", serde_json::json!({ "parent_id": "entry" }))], &[]);
        assert!(output.contains("LEFT, nobody can tell what it is: entry"), "{output}");
        assert_eq!(exchange.lock().unwrap().orders.len(), 2);
    }
    let root = root("cancel-entry-orders", &["--url", "http://127.0.0.1:1", "--execute"], "");
    failed(&root);
    assert!(said(&root, "exit 1").contains("the exchange could not be asked"));
}

#[test]
fn a_redirect_takes_the_key_to_no_other_server() {
    let (elsewhere, exchange) = start();
    let to = elsewhere.url();
    let server =
        Server::start(move |asked| Answer::new(307, "").header("location", &format!("{to}{}", asked.path)));
    for (name, says) in
        [("cancel-entry-orders", "could not be asked"), ("refresh-cancel-all-after", "NOT refreshed")]
    {
        let root = root(name, &["--url", &server.url(), "--token-file", "key", "--execute"], "");
        failed(&root);
        let output = said(&root, "exit 1");
        assert!(output.contains(says) && output.contains("307"), "{output}");
        assert!(exchange.lock().unwrap().asked.is_empty(), "{name}");
    }
}

#[test]
fn a_dead_mans_switch_is_refreshed_while_all_is_well_and_lapses_after_a_trip() {
    let (server, exchange) = start();
    let url = server.url();
    let arguments = ["--url", &url, "--token-file", "key", "--seconds", "60"];
    let healthy = "on_healthy = true\n";
    let dry = root("refresh-cancel-all-after", &arguments, healthy);
    dry.hb(&[]).finish().expect(0);
    dry.watchdog(&["check"]).finish().expect(0);
    assert!(said(&dry, "exit 0").contains("would make"));
    assert!(exchange.lock().unwrap().asked.is_empty());
    let root = root("refresh-cancel-all-after", &[&arguments[..], &["--execute"]].concat(), healthy);
    root.put("holdfast.toml", root.text("holdfast.toml").replace(", \"run:act\"", ""));
    root.hb(&[]).finish().expect(0);
    for _ in 0..2 {
        root.watchdog(&["check"]).finish().expect(0);
    }
    assert_eq!(exchange.lock().unwrap().refreshed, [60, 60]);
    failed(&root);
    root.hb(&[]).finish().expect(0);
    root.watchdog(&["check"]).finish().expect(0);
    assert_eq!(exchange.lock().unwrap().refreshed, [60, 60], "it lapses");
}

/// A manager of user units that lives as long as the script that follows.
const SYSTEMD: &str = "set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user-of-test
chmod 700 /run/user-of-test
export HOME=\"$PWD/home\" XDG_RUNTIME_DIR=/run/user-of-test
/lib/systemd/systemd --user --log-target=console >systemd.log 2>&1 &
manager=$!
trap 'kill $manager; wait $manager || true' EXIT
until [ -S /run/user-of-test/systemd/private ] || ! kill -0 $manager; do sleep 0.05; done
";

#[test]
fn a_service_is_restarted_a_few_times_by_a_real_systemd_and_then_a_person_is_needed() {
    let root = root("restart-service", &["bot.service", "2", "3600"], "");
    std::fs::create_dir_all(root.path("home/.config/systemd/user")).expect("a folder of units");
    let dir = root.dir().display();
    let unit = format!("[Service]\nExecStart=/bin/sh -c 'echo x >> {dir}/started; exec sleep 1000'\n");
    root.put("home/.config/systemd/user/bot.service", unit);
    let (watchdog, hb) = (root.watchdog(&[]), root.hb(&[]));
    let (watchdog, hb) = (watchdog.get_program().display(), hb.get_program().display());
    // Failed, well again, resumed by a hand, three times over.
    let script = format!(
        "{SYSTEMD}for n in 1 2 3; do\n{hb} --status failed; {watchdog} check || true\n{hb}; {watchdog} check || true\n\
         echo '{{\"paused\": false}}' > data/circuit.json; {watchdog} check || true\ndone\n\
         systemctl --user is-active bot.service\n"
    );
    let mut command = if geteuid().is_root() { Command::new("unshare") } else { Command::new("sudo") };
    if !geteuid().is_root() {
        command.args(["-n", "unshare"]);
    }
    command.args(["--mount", "--propagation", "private", "/bin/sh", "-c", &script]).current_dir(root.dir());
    let ended = command.finish().expect(0);
    let actions = root.journal("action");
    let ends: Vec<&str> = actions.iter().filter_map(|action| action["ended"].as_str()).collect();
    assert_eq!(ends, ["exit 0", "exit 0", "exit 1"], "{actions:?}\n{ended}");
    let last = actions[2]["output"].as_str().expect("text");
    assert!(last.contains("was restarted 2 times within 3600s: it needs a person"), "{last}");
    assert_eq!(root.text("started").lines().count(), 2);
}

#[test]
fn what_is_no_unit_is_refused() {
    let root = Scratch::new();
    for bad in
        [&["--", "x"][..], &["../x"], &[], &["a b"], &["bot.service", "x"], &["bot.service", "3", "-1"]]
    {
        let mut command = root.any(example("restart-service"));
        command.args(bad).env("HOLDFAST_ROOT", root.dir()).finish().expect(64);
    }
    assert_eq!(root.names("data"), Vec::<String>::new());
}

#[test]
fn shellcheck_has_nothing_to_say() {
    let root = Scratch::new();
    let ended = root.any("/usr/bin/env").arg("shellcheck").arg(example("restart-service")).finish().expect(0);
    assert_eq!(ended.stdout, "");
}
