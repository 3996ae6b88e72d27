//! `holdfast.toml` as it may be shown: an allow-list of keys, everything else struck out.

use toml::{Table, Value};

use super::secrets::STRUCK;

/// What may be shown of a value. Whatever has another form than its rule says is struck out.
enum Rule {
    /// All of a single value, or of a list of them.
    Keep,
    /// Of an address its scheme, host and port: path and query may be a token.
    Host,
    /// An address without user and query: it is public, and who it names is evidence.
    Address,
    /// Of a command its program: arguments may be tokens.
    Program,
    /// A table, or a list of tables, with these keys.
    Table(&'static [(&'static str, Rule)]),
    /// A table whose keys are names, with this in each.
    Named(&'static Rule),
    /// Its keys are shown, their values not.
    Names,
    Strike,
}

use Rule::{Address, Host, Keep, Named, Names, Program, Strike};

const AUTH: Rule = Rule::Table(&[("token_file", Keep), ("user", Keep), ("password_file", Keep)]);
const EXPECT: Rule = Rule::Table(&[("pointer", Keep), ("equals", Strike)]);

const WATCH: Rule = Rule::Table(&[
    ("name", Keep),
    ("kind", Keep),
    ("during", Keep),
    ("on_fail", Keep),
    ("remind_every", Keep),
    ("escalate_after", Keep),
    ("max_age", Keep),
    ("max_run", Keep),
    ("advance", Keep),
    ("limit", Rule::Table(&[("field", Keep), ("max", Keep), ("min", Keep), ("max_rise_per_hour", Keep)])),
    ("heartbeat", Keep),
    ("url", Host),
    ("command", Program),
    ("every", Keep),
    ("timeout", Keep),
    ("status", Keep),
    ("expect", EXPECT),
    ("max_latency", Keep),
    ("auth", AUTH),
    ("failures", Keep),
    ("address", Keep),
    ("log", Keep),
    ("unique", Keep),
    ("max_unsealed_age", Keep),
    ("whole_every", Keep),
]);

const CHANNEL: Rule = Rule::Table(&[
    ("kind", Keep),
    ("name", Keep),
    ("level", Keep),
    ("timeout", Keep),
    ("token_file", Keep),
    ("chat", Keep),
    ("base_url", Host),
    ("host", Keep),
    ("port", Keep),
    ("security", Keep),
    ("user", Keep),
    ("password_file", Keep),
    ("from", Keep),
    ("to", Keep),
    ("url", Strike),
    ("url_file", Keep),
    ("secret_file", Keep),
    ("body_file", Keep),
    ("headers", Names),
    ("auth", AUTH),
    ("topic", Strike),
    ("topic_file", Keep),
    ("command", Program),
]);

const BUCKET: [(&str, Rule); 6] = [
    ("url", Address),
    ("endpoint", Address),
    ("credentials_file", Keep),
    ("retain", Keep),
    ("foreign", Keep),
    ("every", Keep),
];

const ANCHOR: Rule = Rule::Table(&[
    ("name", Keep),
    ("kind", Keep),
    ("every", Keep),
    ("timeout", Keep),
    ("url", Address),
    ("key", Keep),
    ("ca_file", Keep),
    ("chain_file", Keep),
    ("endpoint", Address),
    ("credentials_file", Keep),
    ("retain", Keep),
    ("foreign", Keep),
]);

const SERVICE: Rule = Rule::Table(&[
    ("name", Keep),
    ("port", Keep),
    ("health", Host),
    ("start", Rule::Table(&[("unit", Keep), ("launchd", Keep), ("command", Program), ("cwd", Keep)])),
    ("restart", Keep),
    ("identity", EXPECT),
    ("root", Keep),
    ("process", Rule::Table(&[("exe", Keep), ("args", Strike)])),
    (
        "positions",
        Rule::Table(&[
            ("url", Host),
            ("adapter", Keep),
            ("rows", Keep),
            ("symbol", Keep),
            ("quantity", Keep),
            ("value", Keep),
        ]),
    ),
    ("equity", Rule::Table(&[("url", Host), ("pointer", Keep)])),
    ("auth", AUTH),
    ("every", Keep),
    ("timeout", Keep),
    ("failures", Keep),
    ("successes", Keep),
    ("grace", Keep),
]);

const FLEET: Rule = Rule::Table(&[
    ("etcd", Host),
    ("prefix", Keep),
    ("host", Keep),
    ("hosts", Keep),
    ("lose_contact_after", Keep),
    ("on_lost_contact", Keep),
    ("ca_file", Keep),
    ("cert_file", Keep),
    ("key_file", Keep),
    ("user", Keep),
    ("password_file", Keep),
]);

const FILE: &[(&str, Rule)] = &[
    ("trip_when_mute", Keep),
    ("alerts_expire_after", Keep),
    ("prometheus_file", Keep),
    ("watch", WATCH),
    (
        "calendar",
        Named(&Rule::Table(&[
            ("zone", Keep),
            ("days", Keep),
            ("hours", Keep),
            ("holidays", Keep),
            ("half_days", Named(&Keep)),
        ])),
    ),
    ("channel", CHANNEL),
    ("action", Named(&Rule::Table(&[("command", Program), ("timeout", Keep), ("on_healthy", Keep)]))),
    ("ping", Rule::Table(&[("url", Strike), ("url_file", Keep), ("timeout", Keep)])),
    (
        "audit",
        Rule::Table(&[
            ("logs", Keep),
            ("past", Keep),
            ("key", Keep),
            ("origin", Keep),
            ("include", Keep),
            ("max_unsealed_age", Keep),
            ("max_anchor_age", Keep),
        ]),
    ),
    ("anchor", ANCHOR),
    ("evidence", Rule::Table(&BUCKET)),
    ("overseer", Rule::Table(&[("listen", Keep), ("allowed_hosts", Keep), ("start_while_paused", Keep)])),
    ("service", SERVICE),
    ("fleet", FLEET),
];

/// The text with everything struck out that is not known to be no secret, without comments, and the keys of what was
/// struck out.
pub(super) fn shown(bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<String>), String> {
    let unreadable = "is not TOML, so that secrets in it cannot be told from the rest";
    let text = String::from_utf8(bytes).map_err(|_| unreadable.to_owned())?;
    let mut table: Table = text.parse().map_err(|_| unreadable.to_owned())?;
    let mut struck = Vec::new();
    keys(&mut table, FILE, "", &mut struck);
    let text = toml::to_string(&table).map_err(|error| format!("cannot be written anew: {error}"))?;
    Ok((text.into_bytes(), struck))
}

fn keys(table: &mut Table, rules: &[(&str, Rule)], at: &str, struck: &mut Vec<String>) {
    for (key, value) in table.iter_mut() {
        let rule = rules.iter().find(|(name, _)| name == key).map_or(&Strike, |(_, rule)| rule);
        apply(value, rule, &below(at, key), struck);
    }
}

fn below(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

fn apply(value: &mut Value, rule: &Rule, at: &str, struck: &mut Vec<String>) {
    match (rule, value) {
        (Keep, value) if is_plain(value) => {}
        (Host | Address, Value::Array(items)) => {
            for (number, item) in items.iter_mut().enumerate() {
                apply(item, rule, &format!("{at}[{number}]"), struck);
            }
        }
        (Host | Address, Value::String(url)) => {
            let short = if matches!(rule, Host) { host(url) } else { address(url) };
            if short != *url {
                *url = short;
                struck.push(at.to_owned());
            }
        }
        (Program, Value::Array(words)) if words.iter().all(Value::is_str) => {
            // An address for a program, or `NAME=secret`, is no program.
            let odd =
                words.first().and_then(Value::as_str).is_none_or(|word| word.contains(['=', ':', '@', ' ']));
            let secret_from = usize::from(!odd);
            if words.len() > secret_from {
                words.truncate(secret_from);
                words.push(STRUCK.into());
                struck.push(at.to_owned());
            }
        }
        (Rule::Table(rules), Value::Table(table)) => keys(table, rules, at, struck),
        (Rule::Table(rules), Value::Array(tables)) if tables.iter().all(Value::is_table) => {
            for (number, table) in tables.iter_mut().filter_map(Value::as_table_mut).enumerate() {
                keys(table, rules, &format!("{at}[{number}]"), struck);
            }
        }
        (Named(rule), Value::Table(table)) => {
            table.iter_mut().for_each(|(key, value)| apply(value, rule, &below(at, key), struck));
        }
        (Names, Value::Table(table)) => {
            table.iter_mut().for_each(|(key, value)| apply(value, &Strike, &below(at, key), struck));
        }
        (_, value) => {
            *value = STRUCK.into();
            struck.push(at.to_owned());
        }
    }
}

/// A single value, or a list of them.
fn is_plain(value: &Value) -> bool {
    let single = |value: &Value| !value.is_table() && !value.is_array();
    single(value) || value.as_array().is_some_and(|items| items.iter().all(single))
}

fn host(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return STRUCK.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host.to_owned(), |(_, host)| format!("{STRUCK}@{host}"));
    if path.is_empty() || path == "/" {
        format!("{scheme}://{host}{path}")
    } else {
        format!("{scheme}://{host}/{STRUCK}")
    }
}

fn address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return STRUCK.to_owned() };
    let (place, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let host = host.rsplit_once('@').map_or(host.to_owned(), |(_, host)| format!("{STRUCK}@{host}"));
    let query = if query.is_empty() { "" } else { "?<struck out>" };
    format!("{scheme}://{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::shown;

    /// Every string in it with `secret` in it is one, and every other one is to be seen.
    const EVERYTHING: &str = r#"
# a comment with a secret
trip_when_mute = "30m"
mystery = "secret0"
[audit]
logs = ["memory/decisions.jsonl"]
key = "secrets/audit"
[[watch]]
name = "trader"
max_age = "15m"
limit = [{ field = "/usd", max = 20.0 }]
[[watch]]
name = "api"
kind = "http"
url = "https://example.com:8443/health?token=secret1"
expect = { pointer = "/status", equals = "secret2" }
auth = { user = "me", password_file = "keys/pw" }
[[watch]]
name = "ssh"
kind = "command"
command = ["/usr/bin/curl", "-H", "secret3"]
[[watch]]
name = "odd"
kind = "command"
command = ["TOKEN=secret4"]
max_age = { odd = "secret5" }
[calendar.us]
zone = "America/New_York"
half_days = { "2026-11-27" = "13:00" }
[[channel]]
kind = "webhook"
url = "https://hooks.example.com/secret6"
headers = { X-Key = "secret7" }
[[channel]]
kind = "ntfy"
topic = "secret8"
base_url = "https://me:secret9@ntfy.example.com/secret10"
unknown = { deep = ["secret11"] }
[action.cancel]
command = ["cancel", "secret12"]
[ping]
url = "https://hc.example.com/secret13"
[[anchor]]
name = "friend"
kind = "witness"
url = "https://witness.example.com/log?secret14"
[[service]]
name = "bot"
health = "http://127.0.0.1:9002/secret15"
start = { command = ["run", "secret16"], cwd = "/srv" }
process = { exe = "python", args = "secret17" }
[fleet]
etcd = ["https://etcd1:2379", "https://u:secret18@etcd2:2379"]
"#;

    #[test]
    fn only_what_is_known_to_be_no_secret_is_shown() {
        let (bytes, struck) = shown(EVERYTHING.into()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("secret0") && !text.contains("comment"), "{text}");
        for number in 0..19 {
            let secret = format!("secret{number}");
            assert!(EVERYTHING.contains(&secret) && !text.contains(&secret), "{secret} in {text}");
        }
        insta::assert_snapshot!(format!("{text}\n# struck out: {}", struck.join(" ")));
    }

    #[test]
    fn what_is_no_toml_is_not_shown() {
        assert!(shown(b"key = \"secret".to_vec()).is_err());
        assert!(shown(vec![0xff]).is_err());
    }

    /// A key that is new in the schema is struck out until somebody thinks about it, and here is told of.
    #[test]
    fn the_example_of_the_documentation_loses_secrets_and_nothing_else() {
        let documented = include_str!("../../../../docs/config.md");
        for example in documented.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```")) {
            let (_, struck) = shown(example.0.into()).unwrap_or_default();
            let known =
                ["url", "topic", "command", "headers", "base_url", "health", "equals", "args", "etcd"];
            for key in struck {
                assert!(known.iter().any(|known| key.contains(known)), "{key} is struck out: give it a rule");
            }
        }
    }
}
