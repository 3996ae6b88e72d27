//! Which files hold secrets. A secret that others can read is an error of the configuration; whoever may
//! look at files reports it.

use std::path::Path;

use super::{AnchorKind, Auth, ChannelKind, Config, Secret, WatchKind};

impl Config {
    /// The files that hold secrets, from the root, each once.
    pub fn secret_files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> =
            self.channels.iter().flat_map(|channel| of_channel(&channel.kind)).collect();
        files.extend(self.watches.iter().filter_map(|watch| match &watch.kind {
            WatchKind::Http { auth, .. } => auth.as_ref().map(of_auth),
            _ => None,
        }));
        files.extend(self.services.iter().filter_map(|service| service.auth.as_ref().map(of_auth)));
        files.extend(self.ping.iter().filter_map(|ping| of_secret(&ping.url)));
        files.extend(self.audit.key.as_deref());
        files.extend(self.anchors.iter().filter_map(|anchor| match &anchor.kind {
            AnchorKind::Store(bucket) => bucket.credentials_file.as_deref(),
            _ => None,
        }));
        files.extend(self.evidence.iter().filter_map(|evidence| evidence.store.credentials_file.as_deref()));
        if let Some(fleet) = &self.fleet {
            files.extend(fleet.certificate.as_ref().map(|(_, key)| key.as_path()));
            files.extend(fleet.login.as_ref().map(|(_, password)| password.as_path()));
        }
        files.sort_unstable();
        files.dedup();
        files
    }
}

fn of_channel(kind: &ChannelKind) -> Vec<&Path> {
    match kind {
        ChannelKind::Telegram { token_file, .. } => vec![token_file],
        ChannelKind::Smtp { login, .. } => login.iter().map(|(_, password)| password.as_path()).collect(),
        ChannelKind::Webhook { url, secret_file, auth, .. } => of_secret(url)
            .into_iter()
            .chain(secret_file.as_deref())
            .chain(auth.as_ref().map(of_auth))
            .collect(),
        ChannelKind::Ntfy { topic, token_file, .. } => {
            of_secret(topic).into_iter().chain(token_file.as_deref()).collect()
        }
        ChannelKind::Desktop | ChannelKind::Command { .. } => Vec::new(),
    }
}

fn of_auth(auth: &Auth) -> &Path {
    match auth {
        Auth::Bearer { token_file } => token_file,
        Auth::Basic { password_file, .. } => password_file,
    }
}

fn of_secret(secret: &Secret) -> Option<&Path> {
    match secret {
        Secret::Plain(_) => None,
        Secret::File(file) => Some(file),
    }
}
