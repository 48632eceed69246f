//! Secrets of the clouds: AWS by moto at `CONTACTIQ_TEST_MOTO_URL`, which looks at signatures; Azure and Google by
//! servers of the shape that their published API has, because neither can be had on a desk.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::Engine;
use contactiq_domain::{Clock, Timestamp, clock::FixedClock};
use contactiq_server::{
    config,
    secrets::Keeper,
    wiring::{SystemClock, random_letters},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::house::client;

const KEY: &str = "sk-bank-4f1c9d7a20b86e35";

/// The key of the model as these settings find it, and whether another reading finds the same.
async fn found(settings: &[(&str, &str)]) -> Result<String, String> {
    let env: HashMap<String, String> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = config::load_from(None, &env).unwrap();
    let keeper = Keeper::new(&config, Arc::new(SystemClock));
    keeper.open().await.map_err(|error| error.to_string())?;
    assert!(keeper.refresh().await.is_empty(), "nothing changed");
    Ok(config.llm.api_key.expose().to_string())
}

fn moto() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let url = std::env::var("CONTACTIQ_TEST_MOTO_URL");
    url.expect("CONTACTIQ_TEST_MOTO_URL names no server: run `make test`, which starts one")
}

/// A call of moto's, which looks at no signature of these.
async fn aws(service: &str, target: Option<&str>, body: String) -> String {
    let scope = format!("Credential=setup/20270101/eu-west-1/{service}/aws4_request");
    let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
    let mut request = client().post(moto()).header("authorization", authorization);
    request = match target {
        Some(target) => {
            let kind = "application/x-amz-json-1.1";
            request.header("x-amz-target", format!("secretsmanager.{target}")).header("content-type", kind)
        }
        None => request.header("content-type", "application/x-www-form-urlencoded"),
    };
    let response = request.body(body).send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{service} {target:?}: {status} {text}");
    text
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split(from).nth(1).unwrap().split(to).next().unwrap()
}

#[tokio::test]
async fn aws_gives_a_secret_to_who_signs_and_nothing_to_others() {
    let url = moto();
    let (name, user) = (format!("contactiq/{}", random_letters::<9>()), random_letters::<9>());
    let secret = json!({ "Name": name, "SecretString": json!({ "key": KEY }).to_string(),
        "ClientRequestToken": random_letters::<32>() });
    aws("secretsmanager", Some("CreateSecret"), secret.to_string()).await;
    let plain = json!({ "Name": format!("{name}-plain"), "SecretString": format!("{KEY}\n"),
        "ClientRequestToken": random_letters::<32>() });
    aws("secretsmanager", Some("CreateSecret"), plain.to_string()).await;
    aws("iam", None, format!("Action=CreateUser&UserName={user}&Version=2010-05-08")).await;
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}"#;
    let policy = crate::house::form(&[
        ("Action", "PutUserPolicy"),
        ("UserName", &user),
        ("PolicyName", "read"),
        ("PolicyDocument", allow),
        ("Version", "2010-05-08"),
    ]);
    aws("iam", None, policy).await;
    let made = aws("iam", None, format!("Action=CreateAccessKey&UserName={user}&Version=2010-05-08")).await;
    let id = between(&made, "<AccessKeyId>", "</AccessKeyId>");
    let access = between(&made, "<SecretAccessKey>", "</SecretAccessKey>");
    let (field, whole) = (format!("aws-sm:{name}#key"), format!("aws-sm:{name}-plain"));
    let settings = |access: &str, place: &str| {
        [
            ("CONTACTIQ__SECRETS__AWS__REGION", "eu-west-1".to_owned()),
            ("CONTACTIQ__SECRETS__AWS__ENDPOINT", url.clone()),
            ("CONTACTIQ__SECRETS__AWS__ACCESS_KEY_ID", id.to_owned()),
            ("CONTACTIQ__SECRETS__AWS__SECRET_ACCESS_KEY", access.to_owned()),
            ("CONTACTIQ_LLM_API_KEY", place.to_owned()),
        ]
    };
    let of = async |access: &str, place: &str| {
        found(&settings(access, place).each_ref().map(|(name, value)| (*name, value.as_str()))).await
    };
    // From now on it looks at every signature.
    let look = async |count: &str| {
        let reset = client().post(format!("{url}/moto-api/reset-auth")).body(count.to_owned());
        assert!(reset.send().await.unwrap().status().is_success());
    };
    look("0").await;
    let good = of(access, &field).await;
    let whole = of(access, &whole).await;
    let wrong = of("not-the-key-of-this-user", &field).await;
    let no_field = of(access, &format!("aws-sm:{name}#kee")).await;
    let no_entry = of(access, "aws-sm:contactiq/nowhere").await;
    look("1000000").await;
    assert_eq!((good.unwrap().as_str(), whole.unwrap().as_str()), (KEY, KEY));
    let wrong = wrong.unwrap_err();
    assert!(wrong.contains("AWS Secrets Manager refuses us") && !wrong.contains("not-the-key"), "{wrong}");
    assert!(no_field.unwrap_err().contains("no such field"));
    let no_entry = no_entry.unwrap_err();
    assert!(no_entry.contains("AWS Secrets Manager has no such entry"), "{no_entry}");
}

/// A server that answers as a table says, and keeps what it was asked.
struct Stub {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

type Table = Arc<dyn Fn(&Method, &str, &HeaderMap, &str) -> (u16, Value) + Send + Sync>;

impl Stub {
    async fn that(
        table: impl Fn(&Method, &str, &HeaderMap, &str) -> (u16, Value) + Send + Sync + 'static,
    ) -> Stub {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let state: (Table, Arc<Mutex<Vec<String>>>) = (Arc::new(table), Arc::clone(&asked));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(stub).with_state(state);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Stub { url, asked, _serving: serving }
    }
}

async fn stub(
    State((table, asked)): State<(Table, Arc<Mutex<Vec<String>>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let path = uri.path_and_query().unwrap().as_str();
    asked.lock().unwrap().push(format!("{method} {path} {body}"));
    let (status, answer) = table(&method, path, &headers, &body);
    let status = StatusCode::from_u16(status).unwrap();
    match answer {
        Value::String(text) => (status, text).into_response(),
        json => (status, Json(json)).into_response(),
    }
}

fn has(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|v| v == value)
}

/// AWS as a role finds it: a metadata service of version 2, an endpoint of a container, and a manager of secrets that
/// lets in who signs with the keys that were lent last.
async fn aws_for_roles(lent: Arc<AtomicUsize>, hour: Arc<AtomicI64>) -> Stub {
    Stub::that(move |method, path, headers, body| {
        let number = lent.load(Ordering::SeqCst);
        let ends = Timestamp::from_micros(hour.load(Ordering::SeqCst)).to_string();
        let keys = json!({ "Code": "Success", "AccessKeyId": format!("ASIA{number}"), "SecretAccessKey": "lent-secret",
            "Token": "lent-token", "Expiration": ends });
        let in_session = has(headers, "x-aws-ec2-metadata-token", "imds-session");
        match (method.as_str(), path) {
            (_, _) if number == 0 => (503, json!({})),
            ("PUT", "/latest/api/token") if has(headers, "x-aws-ec2-metadata-token-ttl-seconds", "60") => {
                (200, json!("imds-session"))
            }
            // Version 1, without a session, is refused, as a careful bank has set it.
            ("GET", path) if path.starts_with("/latest/meta-data") && !in_session => (401, json!({})),
            ("GET", "/latest/meta-data/iam/security-credentials/") => (200, json!("iq-role")),
            ("GET", "/latest/meta-data/iam/security-credentials/iq-role") => (200, keys),
            ("GET", "/v1/credentials") if has(headers, "authorization", "container-token") => (200, keys),
            ("POST", "/") => {
                let signed = headers["authorization"].to_str().unwrap();
                let fits = signed.contains("Credential=ASIA")
                    && signed.contains("/eu-west-1/secretsmanager/aws4_request")
                    && signed.contains("x-amz-security-token")
                    && headers.contains_key("x-amz-security-token");
                match fits {
                    true if body.contains("contactiq/closed") => {
                        (400, json!({ "__type": "com.amazonaws#AccessDeniedException" }))
                    }
                    true => (200, json!({ "SecretString": KEY })),
                    false => (400, json!({ "__type": "UnrecognizedClientException" })),
                }
            }
            _ => (404, json!({})),
        }
    })
    .await
}

#[tokio::test]
async fn aws_lets_in_the_role_of_a_machine_whose_keys_are_renewed_before_they_end() {
    const MINUTE: i64 = 60_000_000;
    let start = SystemClock.now();
    let (lent, ends) =
        (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicI64::new(start.micros() + 60 * MINUTE)));
    let stub = aws_for_roles(Arc::clone(&lent), Arc::clone(&ends)).await;
    let env: HashMap<String, String> = [
        ("CONTACTIQ__SECRETS__AWS__ENDPOINT", stub.url.as_str()),
        ("CONTACTIQ__SECRETS__AWS__METADATA", &stub.url),
        ("AWS_REGION", "eu-west-1"),
        ("CONTACTIQ_LLM_API_KEY", "aws-sm:contactiq/llm"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let config = config::load_from(None, &env).unwrap();
    let clock = Arc::new(FixedClock::at(start));
    let keeper = Keeper::new(&config, clock.clone());
    keeper.open().await.unwrap();
    assert_eq!(config.llm.api_key.expose().as_str(), KEY);
    let came = |path: &str| stub.asked.lock().unwrap().iter().filter(|asked| asked.contains(path)).count();
    let keys = "GET /latest/meta-data/iam/security-credentials/iq-role";
    assert_eq!((came("PUT /latest/api/token"), came(keys)), (1, 1));
    clock.advance_seconds(54 * 60);
    keeper.refresh().await;
    assert_eq!((came(keys), came("POST /")), (1, 2), "they are used while they last");

    // Five minutes before their end others are asked for; while there are none, those of before count to their end.
    clock.advance_seconds(2 * 60);
    let failing = |keeper: &Keeper| {
        let standing = keeper.standing();
        standing.into_iter().find(|of| of.field == "llm.api_key").unwrap().error
    };
    lent.store(2, Ordering::SeqCst);
    ends.store(start.micros() + 120 * MINUTE, Ordering::SeqCst);
    keeper.refresh().await;
    assert_eq!((came(keys), failing(&keeper)), (2, None));
    clock.advance_seconds(70 * 60);
    lent.store(0, Ordering::SeqCst);
    keeper.refresh().await;
    let told = failing(&keeper).unwrap();
    assert!(
        told.contains("AWS, for the keys of this role, does not answer") && !told.contains("lent-secret"),
        "{told}"
    );
    assert_eq!(config.llm.api_key.expose().as_str(), KEY, "the last good value stays");
    lent.store(3, Ordering::SeqCst);
    ends.store(start.micros() + 240 * MINUTE, Ordering::SeqCst);
    keeper.refresh().await;
    assert_eq!(failing(&keeper), None);
}

#[tokio::test]
async fn an_entry_that_a_role_may_not_read_takes_its_keys_from_no_other_entry() {
    let start = SystemClock.now();
    let lent = Arc::new(AtomicUsize::new(1));
    let ends = Arc::new(AtomicI64::new(start.micros() + 3_600_000_000));
    let stub = aws_for_roles(Arc::clone(&lent), ends).await;
    let env: HashMap<String, String> = [
        ("CONTACTIQ__SECRETS__AWS__ENDPOINT", stub.url.as_str()),
        ("CONTACTIQ__SECRETS__AWS__METADATA", &stub.url),
        ("AWS_REGION", "eu-west-1"),
        ("CONTACTIQ_LLM_API_KEY", "aws-sm:contactiq/llm"),
        ("CONTACTIQ__LLM__MODERATION__API_KEY", "aws-sm:contactiq/closed"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let config = config::load_from(None, &env).unwrap();
    let keeper = Keeper::new(&config, Arc::new(FixedClock::at(start)));
    keeper.refresh().await;
    keeper.refresh().await;
    let error = |field: &str| keeper.standing().into_iter().find(|of| of.field == field).unwrap().error;
    assert_eq!(error("llm.api_key"), None);
    assert!(error("llm.moderation.api_key").is_some());
    assert_eq!(config.llm.api_key.expose().as_str(), KEY);
    let keys = "GET /latest/meta-data/iam/security-credentials/iq-role";
    let came = stub.asked.lock().unwrap().iter().filter(|asked| asked.contains(keys)).count();
    assert_eq!(came, 1, "the keys are good, and are kept");
}

#[tokio::test]
async fn aws_lets_in_the_role_of_a_container_and_of_a_pod() {
    let ends = SystemClock.now().micros() + 3_600_000_000;
    let stub = aws_for_roles(Arc::new(AtomicUsize::new(1)), Arc::new(AtomicI64::new(ends))).await;
    let dir = tempfile::tempdir().unwrap();
    let token = |text: &str| {
        std::fs::write(dir.path().join("token"), text).unwrap();
        dir.path().join("token").display().to_string()
    };
    let url = format!("{}/v1/credentials", stub.url);
    let container = |token: &str, url: &str| {
        [
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("CONTACTIQ__SECRETS__AWS__ENDPOINT", stub.url.clone()),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.to_owned()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_owned()),
            ("CONTACTIQ_LLM_API_KEY", "aws-sm:contactiq/llm".to_owned()),
        ]
    };
    let of = async |settings: [(&'static str, String); 5]| {
        found(&settings.each_ref().map(|(name, value)| (*name, value.as_str()))).await
    };
    assert_eq!(of(container(&token("container-token\n"), &url)).await.unwrap(), KEY);
    assert!(of(container(&token("another"), &url)).await.unwrap_err().contains("no such entry"));
    let mut direct = container("container-token", &url);
    direct[3].0 = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    assert_eq!(of(direct).await.unwrap(), KEY);
    // A key is not asked of anybody over plain http.
    let told = of(container(&token("container-token"), "http://keys.bank.example/x")).await.unwrap_err();
    assert!(told.contains("set secrets.aws.credentials_url to https"), "{told}");
    let machine = [
        ("AWS_REGION", "eu-west-1"),
        ("CONTACTIQ__SECRETS__AWS__ENDPOINT", &stub.url),
        ("CONTACTIQ__SECRETS__AWS__METADATA", "http://metadata.bank.example"),
        ("CONTACTIQ_LLM_API_KEY", "aws-sm:contactiq/llm"),
    ];
    let told = found(&machine).await.unwrap_err();
    assert!(told.contains("set secrets.aws.metadata to https"), "{told}");

    // The security token service is moto's own.
    let pod = [
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("CONTACTIQ__SECRETS__AWS__ENDPOINT", stub.url.clone()),
        ("CONTACTIQ__SECRETS__AWS__STS_ENDPOINT", moto()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/iq".to_owned()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token("a.pods.jwt")),
        ("CONTACTIQ_LLM_API_KEY", "aws-sm:contactiq/llm".to_owned()),
    ];
    assert_eq!(found(&pod.each_ref().map(|(name, value)| (*name, value.as_str()))).await.unwrap(), KEY);
}

#[tokio::test]
async fn azure_gives_a_secret_to_a_managed_identity_a_pod_and_an_application() {
    let stub = Stub::that(|_, path, headers, body| {
        let token = json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": "az-token" });
        let of_pod = "client_assertion=pod-jwt&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let scope = "scope=https%3A%2F%2Fvault.azure.net%2F.default";
        if path.starts_with("/metadata/identity/oauth2/token") {
            let fits = has(headers, "metadata", "true")
                && path.contains("api-version=2018-02-01")
                && path.contains("resource=https%3A%2F%2Fvault.azure.net");
            return if fits { (200, token) } else { (400, json!({})) };
        }
        if path == "/bank-tenant/oauth2/v2.0/token" {
            let known = body.contains(of_pod) || body.contains("client_secret=app-secret%2Bx");
            let fits = known && body.contains(scope) && body.contains("client_id=app-1");
            return if fits { (200, token) } else { (400, json!({ "error": "invalid_client" })) };
        }
        if !has(headers, "authorization", "Bearer az-token") {
            return (401, json!({ "error": { "code": "Unauthorized" } }));
        }
        match path {
            "/bank-prod/secrets/llm-key?api-version=7.4" => {
                let id = "https://bank-prod.vault.azure.net/secrets/llm-key/4387e9f3";
                (200, json!({ "value": KEY, "id": id, "attributes": { "enabled": true } }))
            }
            "/bank-prod/secrets/forbidden?api-version=7.4" => (403, json!({ "error": { "code": "Forbidden" } })),
            _ => (404, json!({ "error": { "code": "SecretNotFound" } })),
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let pod = dir.path().join("token");
    std::fs::write(&pod, "pod-jwt\n").unwrap();
    let (address, pod) = (format!("{}/{{vault}}", stub.url), pod.display().to_string());
    let base = [
        ("CONTACTIQ__SECRETS__AZURE__ADDRESS", address.as_str()),
        ("CONTACTIQ__SECRETS__AZURE__AUTHORITY", &stub.url),
        ("CONTACTIQ__SECRETS__AZURE__METADATA", &stub.url),
    ];
    let of = async |place: &str, more: &[(&str, &str)]| {
        found(&[&base[..], more, &[("CONTACTIQ_LLM_API_KEY", place)]].concat()).await
    };
    let tenant = ("CONTACTIQ__SECRETS__AZURE__TENANT", "bank-tenant");
    let app = ("CONTACTIQ__SECRETS__AZURE__CLIENT_ID", "app-1");
    assert_eq!(of("azure-kv:bank-prod/llm-key", &[]).await.unwrap(), KEY);
    let by_pod = [tenant, app, ("CONTACTIQ__SECRETS__AZURE__TOKEN_FILE", pod.as_str())];
    assert_eq!(of("azure-kv:bank-prod/llm-key", &by_pod).await.unwrap(), KEY);
    let by_app = [tenant, app, ("CONTACTIQ__SECRETS__AZURE__CLIENT_SECRET", "app-secret+x")];
    assert_eq!(of("azure-kv:bank-prod/llm-key", &by_app).await.unwrap(), KEY);
    let wrong = [tenant, app, ("CONTACTIQ__SECRETS__AZURE__CLIENT_SECRET", "canary")];
    let told = of("azure-kv:bank-prod/llm-key", &wrong).await.unwrap_err();
    assert!(told.contains("Azure Key Vault refuses us") && !told.contains("canary"), "{told}");
    assert!(of("azure-kv:bank-prod/none", &[]).await.unwrap_err().contains("has no such entry"));
    assert!(of("azure-kv:bank-prod/forbidden", &[]).await.unwrap_err().contains("refuses us"));
    assert!(stub.asked.lock().unwrap().iter().any(|asked| asked.starts_with("POST /bank-tenant/")));
}

#[tokio::test]
async fn google_gives_the_latest_version_to_the_account_of_the_machine() {
    let stub = Stub::that(|_, path, headers, _| {
        if path == "/computeMetadata/v1/instance/service-accounts/default/token" {
            let token = json!({ "access_token": "g-token", "expires_in": 3599, "token_type": "Bearer" });
            return if has(headers, "metadata-flavor", "Google") { (200, token) } else { (403, json!({})) };
        }
        if !has(headers, "authorization", "Bearer g-token") {
            return (401, json!({ "error": { "status": "UNAUTHENTICATED" } }));
        }
        let version = |text: &str| {
            let data = base64::engine::general_purpose::STANDARD.encode(text);
            let name = "projects/1/secrets/x/versions/7";
            (200, json!({ "name": name, "payload": { "data": data, "dataCrc32c": "1" } }))
        };
        match path {
            "/v1/projects/bank-prod/secrets/llm/versions/latest:access" => version(KEY),
            "/v1/projects/bank-prod/secrets/all/versions/latest:access" => {
                version(&json!({ "key": KEY }).to_string())
            }
            "/v1/projects/bank-prod/secrets/forbidden/versions/latest:access" => {
                (403, json!({ "error": { "status": "PERMISSION_DENIED" } }))
            }
            _ => (404, json!({ "error": { "status": "NOT_FOUND" } })),
        }
    })
    .await;
    let of = async |place: &str| {
        found(&[
            ("CONTACTIQ__SECRETS__GCP__ENDPOINT", stub.url.as_str()),
            ("CONTACTIQ__SECRETS__GCP__METADATA", &stub.url),
            ("CONTACTIQ_LLM_API_KEY", place),
        ])
        .await
    };
    assert_eq!(of("gcp-sm:bank-prod/llm").await.unwrap(), KEY);
    assert_eq!(of("gcp-sm:bank-prod/all#key").await.unwrap(), KEY);
    assert!(of("gcp-sm:bank-prod/all#kee").await.unwrap_err().contains("no such field"));
    assert!(
        of("gcp-sm:bank-prod/none").await.unwrap_err().contains("Google Secret Manager has no such entry")
    );
    assert!(of("gcp-sm:bank-prod/forbidden").await.unwrap_err().contains("refuses us"));
}
