//! An authority of certificates of the tests' own, by openssl.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

const EC: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

/// Its folder holds `ca.pem`, and of each certificate that it signed `NAME.pem` and `NAME.key`.
pub(crate) struct Authority(TempDir);

impl Authority {
    pub(crate) fn new() -> Authority {
        // Others than its owner enter it: PostgreSQL runs as a user of its own.
        let authority =
            Authority(tempfile::Builder::new().prefix("contactiq-ca-").tempdir_in("/tmp").unwrap());
        authority.openssl(&format!("req -x509 {EC} -keyout ca.key -out ca.pem -subj /CN=bank-ca -days 2"));
        authority
    }

    /// A certificate for these names, as `DNS:localhost,IP:127.0.0.1`.
    pub(crate) fn sign(&self, name: &str, names: &str) {
        self.openssl(&format!("req {EC} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        std::fs::write(self.path("names"), format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n"))
            .unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem -days 2 -extfile names"
        ));
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path as text, for settings.
    pub(crate) fn named(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// As somebody reads who trusts this authority alone.
    pub(crate) fn certificate(&self) -> reqwest::Certificate {
        reqwest::Certificate::from_pem(&std::fs::read(self.path("ca.pem")).unwrap()).unwrap()
    }

    pub(crate) fn openssl(&self, arguments: &str) {
        let ran =
            Command::new("openssl").args(arguments.split(' ')).current_dir(self.folder()).output().unwrap();
        assert!(ran.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}
