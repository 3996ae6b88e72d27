//! `kind = "http"`: one GET, and what must be in the answer.

use holdfast::config::{Expect, WatchKind};
use holdfast::json::{self, Value};
use holdfast::sys::{MAX_READ, Sys};
use holdfast::text::printable;
use holdfast::watch::Reply;
use holdfast_http::{
    Call, HttpError, Reply as Response, call, server, ureq::http::Uri, ureq::http::uri::PathAndQuery,
};

use super::Question;
use super::secret::Secret;

/// How much of a value in an answer is told, in characters.
const VALUE_MAX: usize = 80;

/// Asks, and says what is wrong with the answer.
pub(super) fn ask(question: &Question, sys: &Sys) -> Reply {
    let WatchKind::Http { url, status, expect, max_latency, auth } = &question.kind else {
        return Reply::unknown("it is asked otherwise");
    };
    let secret = match auth.as_ref().map(|auth| Secret::of(sys.store, &question.root, auth)).transpose() {
        Ok(secret) => secret,
        Err(error) => return Reply::unknown(format!("it cannot be asked: {error}")),
    };
    let header = secret.as_ref().map(|secret| [("authorization", secret.header.as_str())]);
    let began = sys.clock.now().awake;
    let came = get(url, header.as_ref().map_or(&[], |header| header), question);
    let took = sys.clock.now().awake - began;
    let shown = |text: &str| {
        let text = secret.as_ref().map_or_else(|| text.to_owned(), |secret| secret.redact(text));
        without_path(&text, url)
    };
    let took_ms = (took * 1e3).round();
    let judged = match came {
        Ok(response) => judge(&response, url, status, expect.as_ref(), &shown),
        // A redirect is an answer, where it is the one that is waited for.
        Err(HttpError::Moved { status: moved, .. }) if status.contains(&moved) && expect.is_none() => {
            Ok(format!("{} answers {moved}", server(url)))
        }
        Err(HttpError::Url) => return Reply::unknown(format!("it cannot be asked: {}", HttpError::Url)),
        Err(error @ HttpError::Timeout { .. }) => return question.too_slow(&error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match judged {
        Ok(well) => match max_latency.filter(|most| took > most.as_secs_f64()) {
            Some(most) => {
                Reply::failed(format!("{} took {took_ms}ms to answer, allowed {most}", server(url)))
            }
            None => Reply::fresh(shown(&format!("{well} in {took_ms}ms"))),
        },
        Err(wrong) => Reply::failed(shown(&wrong)),
    }
}

/// Asks once, for no more than the timeout and a bounded answer.
pub(super) fn get(url: &str, headers: &[(&str, &str)], question: &Question) -> Result<Response, HttpError> {
    call(&Call { method: "GET", url, headers, body: &[], timeout: question.timeout, most: MAX_READ })
}

/// `hide` takes secrets out, before anything is cut: of a part of one nobody knows what it is.
fn judge(
    response: &Response,
    url: &str,
    good: &[u16],
    expect: Option<&Expect>,
    hide: &dyn Fn(&str) -> String,
) -> Result<String, String> {
    let (server, status) = (server(url), response.status);
    let is_good = if good.is_empty() { (200..300).contains(&status) } else { good.contains(&status) };
    if !is_good {
        let expected = match good {
            [] => "200 to 299".to_owned(),
            good => good.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
        };
        return Err(format!("{server} answers {status}, expected {expected}"));
    }
    let answers = format!("{server} answers {status}");
    let Some(Expect { pointer, equals }) = expect else { return Ok(answers) };
    let object = json::object(&response.body).map_err(|what| format!("{answers}, but the body {what}"))?;
    let value = pointer.get(&object).ok_or_else(|| format!("{answers}, but {pointer} is not in the body"))?;
    let shown = |value: &Value| printable(&hide(&value.to_string()), VALUE_MAX);
    match equals {
        Some(expected) if !same(value, expected) => {
            Err(format!("{answers}, but {pointer} is {}, expected {}", shown(value), shown(expected)))
        }
        _ => Ok(format!("{answers}, {pointer} is {}", shown(value))),
    }
}

/// 1 and 1.0 are one number.
fn same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some_and(|number| Some(number) == other.as_f64())
}

/// What a URL holds behind its server may be a secret, and servers like to repeat it.
pub(super) fn without_path(text: &str, url: &str) -> String {
    const SHORTEST: usize = 6;
    let uri = url.parse::<Uri>().unwrap_or_default();
    let path = uri.path().split('/');
    let query = uri.query().into_iter().flat_map(|query| query.split(['&', '=']));
    let whole = uri.path_and_query().map(PathAndQuery::as_str);
    let parts = whole.into_iter().chain(path).chain(query).filter(|part| part.len() >= SHORTEST);
    parts.fold(text.to_owned(), |text, part| text.replace(part, "***"))
}
