//! Whom we believe that a server is the one that it says.
//!
//! The authorities of the web, which are built in; or, where `SSL_CERT_FILE` names a file of certificates, those of that
//! file, as with OpenSSL. A file that cannot be read changes nothing: it must not silence an alert.

use std::path::PathBuf;
use std::sync::Arc;

use holdfast::sys::Sys;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

const VARIABLE: &str = "SSL_CERT_FILE";

/// For the HTTP client.
pub(crate) fn roots() -> RootCerts {
    match own() {
        Some(Ok(certificates)) => certificates.into(),
        _ => RootCerts::WebPki,
    }
}

/// For whoever speaks TLS without HTTP: the same TLS, the same trust.
pub fn tls() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match own() {
        Some(Ok(certificates)) => {
            let ders = certificates.iter().map(|each| CertificateDer::from(each.der().to_vec()));
            roots.add_parsable_certificates(ders);
        }
        _ => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.expect("ring knows the versions of TLS that rustls does");
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// What a library says of a failure, and what to do where it was a certificate.
pub fn explain(what: &str) -> String {
    let fault = own().and_then(Result::err).map(|fault| format!(" ({fault})")).unwrap_or_default();
    let advice = if what.contains("UnknownIssuer") || what.contains("CaUsedAsEndEntity") {
        "if it is your own, name a file with the certificate of its authority in SSL_CERT_FILE; if not, somebody else answers"
    } else if what.contains("not valid for name") {
        "write the name for which it is made, or somebody else answers"
    } else if what.contains("certificate expired") {
        "renew it, or set this host's clock"
    } else {
        return what.to_owned();
    };
    format!("{what}: its certificate is not trusted: {advice}{fault}")
}

/// The certificates of the operator's own file, if there is one.
fn own() -> Option<Result<Vec<Certificate<'static>>, String>> {
    let path = PathBuf::from(std::env::var_os(VARIABLE).filter(|name| !name.is_empty())?);
    Some(read(&path).map_err(|fault| format!("{VARIABLE} {} {fault}", path.display())))
}

fn read(path: &std::path::Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = Sys::real().store.read(path).map_err(|error| error.to_string())?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    if certificates.is_empty() {
        return Err("holds no certificate in PEM".to_owned());
    }
    Ok(certificates)
}
