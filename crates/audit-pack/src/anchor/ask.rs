//! Asking one of those outside.

use std::io;
use std::path::{Path, PathBuf};

use anchor::Trouble;
use anchor::stamp::{self, Nonce, QUERY_TYPE, REPLY_TYPE, STAMP_MAX};
use anchor::store::{Credentials, Folder as FolderStore, Place as StorePlace, S3, Vault, keep, key};
use anchor::witness::{ANSWER_MAX, Head as WitnessHead, Known, Means};
use holdfast::config::{Anchor, AnchorKind, Bucket};
use holdfast::sys::ReadError;
use holdfast::time::iso;
use holdfast_http::{Call, HttpError, Reply, call};
use tlog::proof;
use tlog::tile::TileReader;
use tlog::{Hash, Tile, TileSource, WitnessKey};

use super::memory::Memory;
use super::{AnchorError, Head, put};
use crate::anchored::stamps::{CERTIFICATES_MAX, Told, Unverified, verify};
use crate::context::{Configured, Context};
use crate::log::Log;
use crate::place::Folder;
use crate::sidecar::Sidecar;

/// What came of it: in words, or why not.
pub(super) type Asked = Result<String, Trouble>;

/// One anchor and one log.
pub(super) struct Asking<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) configured: &'a Configured,
    pub(super) log: &'a Log,
    pub(super) anchor: &'a Anchor,
    pub(super) memory: &'a Memory,
}

impl Asking<'_> {
    /// Asks once, and keeps what comes of it durably. An error is one of our own disk.
    pub(super) fn ask(&self, head: &mut Head) -> Result<Asked, AnchorError> {
        match &self.anchor.kind {
            AnchorKind::Witness { url, key } => self.witness(url, key, head),
            AnchorKind::Timestamp { url, ca_file, chain_file } => {
                let path = |file: &PathBuf| self.configured.root.path().join(file);
                let chain = chain_file.as_ref().map(|file| self.certificates(&path(file))).transpose();
                let authority = ca_file.as_ref().map(path);
                match chain {
                    Ok(chain) => self.stamp(url, authority.as_deref(), chain.as_deref(), head),
                    Err(why) => Ok(Err(Trouble::Refused(format!("chain_file {why}")))),
                }
            }
            AnchorKind::Store(bucket) => self.store(bucket, head),
        }
    }

    fn witness(&self, url: &str, key: &str, head: &mut Head) -> Result<Asked, AnchorError> {
        let key = match WitnessKey::parse(key) {
            Ok(key) => key,
            Err(error) => return Ok(Err(Trouble::Refused(format!("its key: {error}")))),
        };
        let state = &head.snapshot.state;
        let (size, root) = (state.lines, state.root);
        // Only our own signatures: some witnesses take no others.
        let note = tlog::Note::parse(&head.snapshot.checkpoint).unwrap_or_else(|_| head.checkpoint.clone());
        let known = self.memory.seen.map(|(size, root)| Known { size, root });
        let folder = Folder { store: self.context.sys.store, dir: self.log.dir.clone() };
        let tiles = Tiles {
            sidecar: Sidecar::new(&folder, self.log.name.clone()),
            partials: &head.snapshot.partials,
        };
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let mut means = Reach { url: &url, timeout: self.anchor.timeout, tiles: &tiles, size, root };
        let cosigned = match anchor::witness::ask(&key, &WitnessHead { note, size, root }, known, &mut means)
        {
            Ok(cosigned) => cosigned,
            Err(trouble) => return Ok(Err(trouble)),
        };
        head.checkpoint = head.checkpoint.clone().with(cosigned.signature);
        put(self.context, &head.folder.join("checkpoint"), head.checkpoint.to_string().as_bytes())?;
        Ok(Ok(format!("{} has cosigned {size} lines at {}", key.name(), iso(cosigned.time as f64))))
    }

    fn stamp(
        &self,
        url: &str,
        authority: Option<&Path>,
        chain: Option<&[u8]>,
        head: &Head,
    ) -> Result<Asked, AnchorError> {
        let path = head.folder.join(format!("{}.tsr", file_name(self.anchor)));
        match self.context.sys.store.read(&path) {
            // An older stamp of the same says more than a newer one.
            Ok(_) => return Ok(Ok("nothing was sealed since its last stamp".to_owned())),
            Err(ReadError::Missing) => {}
            Err(error) => return Err(crate::place::FileError::new(path.display().to_string(), error).into()),
        }
        let digest = Hash::of(head.text().as_bytes());
        let nonce = Nonce::new(holdfast::sys::random());
        let body = stamp::request(&digest, nonce);
        let headers = [("content-type", QUERY_TYPE), ("accept", REPLY_TYPE)];
        let (method, timeout, most) = ("POST", self.anchor.timeout.0, STAMP_MAX);
        let reply = match call(&Call { method, url, headers: &headers, body: &body, timeout, most }) {
            Ok(reply) if reply.status == 200 => reply,
            Ok(reply) => return Ok(Err(Trouble::of_status(&holdfast_http::server(url), &reply))),
            Err(error) => return Ok(Err(error.into())),
        };
        let told = match stamp::receive(&reply.body, &digest, nonce) {
            Ok(told) => told,
            Err(error) => return Ok(Err(Trouble::later(error.to_string()))),
        };
        let mut looked_at = "not verified: name its certificates as ca_file";
        if let Some(authority) = authority {
            let stamp = Told { tsr: &reply.body, digest, time_s: told.time, beside: chain };
            looked_at = match verify(self.context.sys, &stamp, authority) {
                Ok(()) => "verified",
                Err(Unverified::No(why)) => {
                    let why = format!("the stamp is not by ca_file, {}: {why}", authority.display());
                    return Ok(Err(Trouble::Refused(why)));
                }
                // It is the auditor who has to be able to.
                Err(Unverified::Nobody(_)) => "not verified: openssl cannot be started",
            };
        }
        // Before the stamp: what is there is not asked for again.
        if let Some(chain) = chain {
            put(self.context, &path.with_extension("pem"), chain)?;
        }
        put(self.context, &path, &reply.body)?;
        Ok(Ok(format!("stamped at {} ({looked_at})", iso(told.time as f64))))
    }

    /// Certificates that anybody may see: they go into packs.
    fn certificates(&self, path: &Path) -> Result<Vec<u8>, String> {
        let shown = path.display();
        let bytes = self.context.sys.store.read(path).map_err(|error| format!("{shown}: {error}"))?;
        let has = |label: &str| memchr::memmem::find(&bytes, label.as_bytes()).is_some();
        if has("PRIVATE KEY-----") {
            return Err(format!("{shown} holds a private key, which would go into every pack: take it out"));
        }
        if !has("-----BEGIN CERTIFICATE-----") || bytes.len() as u64 > CERTIFICATES_MAX {
            return Err(format!(
                "{shown} holds no certificates, or more than 1 MiB: put those of the authority there, as PEM"
            ));
        }
        Ok(bytes)
    }

    fn store(&self, bucket: &Bucket, head: &Head) -> Result<Asked, AnchorError> {
        let state = &head.snapshot.state;
        let now_s = self.context.now_ms() / 1000;
        let vault = match self.vault(bucket, now_s) {
            Ok(vault) => vault,
            Err(why) => return Ok(Err(Trouble::Refused(why))),
        };
        let path = head.folder.join(format!("{}.object", file_name(self.anchor)));
        // What is there is locked for as long as was said when it was put there.
        if matches!(self.context.sys.store.stat(&path), Ok(Some(_))) {
            return Ok(Ok("nothing was sealed since it took the last head".to_owned()));
        }
        let locked_until = bucket.retain.map(|retain| now_s + retain.0.as_secs());
        let key = key(&state.origin, state.records);
        let receipt = match keep(&*vault, &key, head.text(), locked_until) {
            Ok(receipt) => receipt,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let text = serde_json::to_string(&receipt).unwrap_or_default() + "\n";
        put(self.context, &path, text.as_bytes())?;
        let until = receipt.retain_until.map_or(String::new(), |until| format!(", locked until {until}"));
        Ok(Ok(format!("{} has {key}{until}", receipt.store)))
    }

    fn vault<'v>(&'v self, bucket: &Bucket, now_s: u64) -> Result<Box<dyn Vault + 'v>, String> {
        let store = self.context.sys.store;
        match StorePlace::of(bucket)? {
            StorePlace::Folder(dir) => Ok(Box::new(FolderStore { store, dir })),
            StorePlace::S3 { bucket: name, prefix } => {
                let credentials = match &bucket.credentials_file {
                    None => Credentials::of_environment(|name| std::env::var(name).ok()),
                    Some(file) => {
                        let path = self.configured.root.path().join(file);
                        let shown = path.display();
                        let bytes = store
                            .read(&path)
                            .map_err(|error| format!("credentials_file {shown}: {error}"))?;
                        let mode = store.stat(&path).ok().flatten().and_then(|stat| stat.owner.mode);
                        if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
                            return Err(format!(
                                "credentials_file {shown} can be read by others (mode {mode:o}): chmod 600 {shown}"
                            ));
                        }
                        let text = String::from_utf8(bytes)
                            .map_err(|_| format!("credentials_file {shown} is no text"))?;
                        Credentials::parse(&text).map_err(|why| format!("credentials_file {shown}: {why}"))?
                    }
                };
                let endpoint = bucket.endpoint.as_deref();
                let made = S3::new((&name, &prefix), endpoint, &credentials, self.anchor.timeout.0, now_s)?;
                Ok(Box::new(made))
            }
        }
    }
}

/// What its files are called. A name that no file in the folder has is made one, and stays unlike every other.
fn file_name(anchor: &Anchor) -> String {
    let name: String = anchor.name.to_string();
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let file: String = name.chars().map(plain).take(40).collect();
    if file == name {
        return file;
    }
    let hash = Hash::of(name.as_bytes()).to_string();
    format!("{}-{}", &file[..file.len().min(31)], &hash[..8])
}

/// The tiles of the moment: full ones never change, and the partial ones were copied with the notes.
struct Tiles<'a> {
    sidecar: Sidecar<'a>,
    partials: &'a [(Tile, Vec<u8>)],
}

impl TileSource for &Tiles<'_> {
    type Error = io::Error;

    fn tile(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        match self.partials.iter().find(|(there, _)| *there == tile) {
            Some((_, bytes)) => Ok(Some(bytes.clone())),
            None => self.sidecar.tile(tile),
        }
    }
}

struct Reach<'a> {
    url: &'a str,
    timeout: holdfast::time::Span,
    tiles: &'a Tiles<'a>,
    size: u64,
    root: Hash,
}

impl Means for Reach<'_> {
    fn post(&mut self, body: &[u8]) -> Result<Reply, HttpError> {
        let (method, timeout, most) = ("POST", self.timeout.0, ANSWER_MAX);
        call(&Call { method, url: self.url, headers: &[], body, timeout, most })
    }

    fn prove(&mut self, old: u64) -> Result<(Vec<Hash>, Hash), String> {
        let said = |error: &dyn std::fmt::Display| format!("the tiles: {error}");
        let reader = TileReader::verified(self.tiles, self.size, self.root).map_err(|error| said(&error))?;
        let proof = proof::consistency(&reader, old, self.size).map_err(|error| said(&error))?;
        let root = proof::root(&reader, old).map_err(|error| said(&error))?;
        Ok((proof, root))
    }
}
