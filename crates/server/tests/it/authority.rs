//! An authority of certificates of the tests' own, by openssl.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
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

    /// The same, of a certificate that ended yesterday.
    pub(crate) fn sign_expired(&self, name: &str, names: &str) {
        self.openssl(&format!("req {EC} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        std::fs::write(self.path("names"), format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n"))
            .unwrap();
        for (file, content) in [("index", ""), ("serial", "7a01\n")] {
            std::fs::write(self.path(file), content).unwrap();
        }
        let config = "[ca]\ndefault_ca=own\n[own]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n\
                      policy=any\n[any]\ncommonName=supplied\n";
        std::fs::write(self.path("ca.cnf"), config).unwrap();
        self.openssl(&format!(
            "ca -batch -config ca.cnf -in {name}.csr -cert ca.pem -keyfile ca.key -out {name}.pem -extfile names \
             -startdate 20200101000000Z -enddate 20200201000000Z -notext"
        ));
    }

    /// A server that speaks TLS with this certificate, and answers everything with a page of its own.
    pub(crate) fn serve(&self, name: &str) -> Serving {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("openssl")
            .args(["s_server", "-www", "-quiet", "-accept", &format!("127.0.0.1:{free}")])
            .args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")])
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", free)).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Serving { port: free, process }
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

/// openssl's server, ended with the test.
pub(crate) struct Serving {
    pub(crate) port: u16,
    process: Child,
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
