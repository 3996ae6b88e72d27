//! A bucket of S3, or of a server that speaks like it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast::time::{iso, parse_utc};
use holdfast_http::{Call, Reply, call};
use jiff::Timestamp;
use rusty_s3::{Bucket, Credentials as Keys, S3Action, UrlStyle};
use tlog::Hash;

use super::{OBJECT_MAX, Put, Vault, Written};
use crate::Trouble;

/// Where no region is named.
const REGION: &str = "us-east-1";
/// So long a signed request counts.
const SIGNED_FOR: Duration = Duration::from_mins(15);

/// Keys of an account. They are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    keys: Option<(String, String, Option<String>)>,
    region: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// What a file of credentials may say.
const NAMES: [&str; 4] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region"];

impl Credentials {
    /// From a file as the AWS tools write it: `name = value` in lines; `[sections]` are passed over.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut values: [Option<String>; 4] = Default::default();
        let lines = text.lines().map(str::trim);
        for (number, line) in (1..).zip(lines) {
            if line.is_empty() || line.starts_with(['#', ';', '[']) {
                continue;
            }
            let wrong = || format!("line {number} is not `NAME = VALUE` with a NAME of {}", NAMES.join(", "));
            let (name, value) = line.split_once('=').ok_or_else(wrong)?;
            let at = NAMES.iter().position(|known| *known == name.trim()).ok_or_else(wrong)?;
            values[at] = Some(value.trim().to_owned());
        }
        let [key, secret, token, region] = values;
        match (key, secret) {
            (Some(key), Some(secret)) => Ok(Self { keys: Some((key, secret, token)), region }),
            _ => Err(format!("it needs {} and {}", NAMES[0], NAMES[1])),
        }
    }

    /// From the variables that all AWS tools know. Without keys requests are not signed.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let key = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        let keys = key.map(|(key, secret)| (key, secret, variable("AWS_SESSION_TOKEN")));
        Self { keys, region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) }
    }
}

/// A bucket, and what the names of all objects in it begin with.
pub struct S3 {
    bucket: Bucket,
    prefix: String,
    shown: String,
    keys: Option<Keys>,
    timeout: Duration,
    now: u64,
}

impl S3 {
    /// At a server of one's own, or at Amazon's.
    pub fn new(
        (bucket, prefix): (&str, &str),
        endpoint: Option<&str>,
        credentials: &Credentials,
        timeout: Duration,
        now: u64,
    ) -> Result<Self, String> {
        let region = credentials.region.clone().unwrap_or_else(|| REGION.to_owned());
        let amazon = format!("https://s3.{region}.amazonaws.com");
        let server = endpoint.unwrap_or(&amazon);
        let url = server.parse().map_err(|_| "endpoint is no URL of a server".to_owned())?;
        // A certificate for all buckets does not fit names with dots, and few servers of one's own know names at all.
        let style =
            if endpoint.is_some() || bucket.contains('.') { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let made = Bucket::new(url, style, bucket.to_owned(), region);
        let keys = credentials.keys.clone();
        let keys = keys.map(|(key, secret, token)| match token {
            Some(token) => Keys::new_with_token(key, secret, token),
            None => Keys::new(key, secret),
        });
        Ok(Self {
            bucket: made.map_err(|_| "the name of the bucket or the endpoint can be in no URL".to_owned())?,
            shown: format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned(),
            prefix: prefix.to_owned(),
            keys,
            timeout,
            now,
        })
    }

    fn object(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    fn send<'a>(
        &self,
        method: &str,
        mut action: impl S3Action<'a>,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Reply, Trouble> {
        for (name, value) in headers {
            action.headers_mut().insert(*name, value.clone());
        }
        let now = Timestamp::from_second(self.now.cast_signed()).unwrap_or_default();
        let url = action.sign_with_time(SIGNED_FOR, &now);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let timeout = self.timeout;
        Ok(call(&Call { method, url: url.as_str(), headers: &headers, body, timeout, most: OBJECT_MAX })?)
    }
}

impl Vault for S3 {
    fn shown(&self) -> String {
        self.shown.clone()
    }

    fn create(&self, key: &str, body: &[u8], locked_until: Option<u64>) -> Result<Put, Trouble> {
        let object = self.object(key);
        let digest = STANDARD.encode(Hash::of(body).as_bytes());
        let mut headers = vec![
            ("content-type", "text/plain; charset=utf-8".to_owned()),
            ("if-none-match", "*".to_owned()),
            // An object that is to be locked must have one.
            ("x-amz-checksum-sha256", digest),
            ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()),
        ];
        if let Some(until) = locked_until {
            headers.push(("x-amz-object-lock-mode", "COMPLIANCE".to_owned()));
            headers.push(("x-amz-object-lock-retain-until-date", iso(until as f64)));
        }
        let action = self.bucket.put_object(self.keys.as_ref(), &object);
        let reply = self.send("PUT", action, &headers, body)?;
        let header = |name: &str| reply.header(name).map(str::to_owned);
        match reply.status {
            200 => Ok(Put::Done(Written { etag: header("etag"), version: header("x-amz-version-id") })),
            412 => Ok(Put::Taken),
            // Another one is writing the same object.
            409 => Err(Trouble::later(format!("{}: {}", self.shown, reply.said()))),
            _ => Err(Trouble::of_status(&self.shown, &reply)),
        }
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let object = self.object(key);
        let reply = self.send("GET", self.bucket.get_object(self.keys.as_ref(), &object), &[], &[])?;
        match reply.status {
            200 => Ok(Some(reply.body)),
            404 => Ok(None),
            _ => Err(Trouble::of_status(&self.shown, &reply)),
        }
    }

    fn locked_until(&self, key: &str) -> Result<Option<u64>, Trouble> {
        let object = self.object(key);
        let reply = self.send("HEAD", self.bucket.head_object(self.keys.as_ref(), &object), &[], &[])?;
        match reply.status {
            200 => {
                let locked = reply.header("x-amz-object-lock-mode") == Some("COMPLIANCE");
                let until = reply.header("x-amz-object-lock-retain-until-date").and_then(parse_utc);
                Ok(until.filter(|_| locked).map(|until| until as u64))
            }
            _ => Err(Trouble::of_status(&self.shown, &reply)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Credentials;

    #[test]
    fn credentials_come_from_a_file_or_the_environment_and_are_not_shown() {
        let good =
            Credentials::parse("aws_access_key_id=A\naws_secret_access_key=secret\nregion=eu-1").unwrap();
        assert_eq!(good.region.as_deref(), Some("eu-1"));
        assert!(!format!("{good:?}").contains("secret"));
        for (bad, says) in [
            ("", "needs aws_access_key_id"),
            ("aws_access_key_id = A", "needs aws_access_key_id"),
            ("key = A", "line 1 is not"),
            ("aws_access_key_id = A\nsecret", "line 2 is not"),
        ] {
            let error = Credentials::parse(bad).unwrap_err();
            assert!(error.contains(says) && !error.contains("secret\n"), "{error}");
        }
        let variables =
            BTreeMap::from([("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "B"), ("AWS_REGION", "r")]);
        let here = Credentials::of_environment(|name| variables.get(name).map(|value| (*value).to_owned()));
        assert_eq!((here.region.as_deref(), here.keys.is_some()), (Some("r"), true));
        assert_eq!(Credentials::of_environment(|_| None), Credentials { keys: None, region: None });
    }
}
