//! Prometheus, its node exporter and Alertmanager, as Debian has them, with what the watchdog writes and the rules that
//! ship.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast::json::Value;
use holdfast_http::standin::{Answer, Server};
use holdfast_http::{Call, call};
use holdfast_tests::harness::{Run, Running, Scratch, eventually};

const CONFIG: &str =
    "prometheus_file = \"textfile/holdfast.prom\"\n[[channel]]\nkind = \"command\"\ncommand = [\"true\"]\n";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a parent").join("examples/prometheus")
}

fn watched() -> Scratch {
    let root = Scratch::new();
    fs::create_dir(root.path("textfile")).expect("a folder");
    root.put("holdfast.toml", CONFIG);
    root.hb(&["--interval", "1h"]).finish().expect(0);
    root
}

#[test]
fn promtool_has_nothing_against_metrics_and_rules() {
    let root = watched();
    root.hb(&["--name", "b-2", "--status", "a \"quoted\" \\ one"]).finish();
    root.watchdog(&["check"]).finish();
    root.sh("promtool check metrics < textfile/holdfast.prom").finish().expect(0);
    let examples = examples();
    let rules = examples.join("holdfast.rules.yml").display().to_string();
    root.any("promtool").args(["check", "rules", &rules]).finish().expect(0);
    let tests = examples.join("holdfast.rules.test.yml").display().to_string();
    root.any("promtool").args(["test", "rules", &tests]).finish().expect(0).says("SUCCESS");
}

/// A port of loopback that nobody listens on.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// Somebody's Prometheus, who is told by `receiver`.
struct Stack {
    url: String,
    _running: [Running; 3],
}

impl Stack {
    fn start(root: &Scratch, receiver: &str) -> Self {
        let [exporter, manager, prometheus] = [port(), port(), port()];
        let rules = examples().join("holdfast.rules.yml").display().to_string();
        root.put(
            "prometheus.yml",
            format!(
                "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
                 rule_files: [\"{rules}\"]\n\
                 alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: [\"127.0.0.1:{manager}\"] }}] }}] }}\n\
                 scrape_configs: [{{ job_name: node, static_configs: [{{ targets: [\"127.0.0.1:{exporter}\"] }}] }}]\n"
            ),
        );
        root.put(
            "alertmanager.yml",
            format!(
                "route: {{ receiver: us, group_by: [alertname], group_wait: 0s, group_interval: 1s }}\n\
                 receivers: [{{ name: us, webhook_configs: [{{ url: \"{receiver}\" }}] }}]\n"
            ),
        );
        let listen = |port: u16| format!("--web.listen-address=127.0.0.1:{port}");
        let start = |program: &str, arguments: &[&str], port: u16| {
            root.any(program).args(arguments).arg(listen(port)).start()
        };
        let textfile = format!("--collector.textfile.directory={}", root.path("textfile").display());
        let running = [
            start(
                "prometheus-node-exporter",
                &["--collector.disable-defaults", "--collector.textfile", &textfile],
                exporter,
            ),
            start(
                "prometheus-alertmanager",
                &[
                    "--config.file=alertmanager.yml",
                    "--storage.path=alertmanager",
                    "--cluster.listen-address=",
                ],
                manager,
            ),
            start("prometheus", &["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"], prometheus),
        ];
        Self { url: format!("http://127.0.0.1:{prometheus}"), _running: running }
    }

    /// The value of the only sample of a metric, as it was scraped last.
    fn value(&self, metric: &str) -> Option<String> {
        let url = format!("{}/api/v1/query?query={metric}", self.url);
        let timeout = Duration::from_secs(5);
        let reply =
            call(&Call { method: "GET", url: &url, headers: &[], body: &[], timeout, most: 1 << 20 }).ok()?;
        let answer: Value = serde_json::from_slice(&reply.body).ok()?;
        Some(answer["data"]["result"][0]["value"][1].as_str()?.to_owned())
    }
}

#[test]
fn alertmanager_tells_of_a_pause_with_the_rules_that_ship() {
    let root = watched();
    let told = Arc::new(Mutex::new(Vec::<Value>::new()));
    let heard = Arc::clone(&told);
    let receiver = Server::start(move |asked| {
        let message: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        heard.lock().unwrap().extend(message["alerts"].as_array().cloned().unwrap_or_default());
        Answer::new(200, "")
    });
    let resident = root.watchdog(&["run"]).start();
    let stack = Stack::start(&root, &receiver.url());
    eventually("armed, for Prometheus", || stack.value("holdfast_circuit_armed").as_deref() == Some("1"));
    assert_eq!(stack.value("node_textfile_scrape_error").as_deref(), Some("0"));
    assert_eq!(told.lock().unwrap().len(), 0);
    root.hb(&["--status", "failed"]).finish();
    let paused =
        |alert: &Value| alert["labels"]["alertname"] == "HoldfastPaused" && alert["status"] == "firing";
    eventually("somebody is told of the pause", || told.lock().unwrap().iter().any(paused));
    let all = told.lock().unwrap().clone();
    let alert = all.iter().find(|alert| paused(alert)).expect("told");
    let advice = alert["annotations"]["do"].as_str().expect("text");
    assert!(advice.contains("circuit-ctl resume"), "{alert}");
    assert!(all.iter().all(paused), "nothing else is wrong: {all:?}");
    resident.send(rustix::process::Signal::KILL);
}
