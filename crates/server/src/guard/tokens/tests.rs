use std::collections::HashMap;

use contactiq_domain::{Keyring, Secret, clock::FixedClock, ids::CountingIds};
use contactiq_store::{access::actors, conversations::Owner};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::{own::LEAST as OWN_KEY_LEAST, *};

const NOW: i64 = 1_800_000_000;
const ES256: &str = include_str!("../../../tests/keys/es256.pem");
const ES256_PUBLIC: &str = include_str!("../../../tests/keys/es256.pub.pem");
const EDDSA: &str = include_str!("../../../tests/keys/eddsa.pem");
const EDDSA_PUBLIC: &str = include_str!("../../../tests/keys/eddsa.pub.pem");

fn at(seconds: i64) -> Arc<dyn Clock> {
    Arc::new(FixedClock((seconds * 1_000_000).into()))
}

fn tokens() -> Tokens {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    let text = format!(
        "[server]\nallowed_origins = [\"https://www.bank.example\", \"https://app.bank.example\"]\n\
         [[identity.site_keys]]\nid = \"one\"\nissuer = \"site\"\nalgorithm = \"ES256\"\norigins = [\"https://www.bank.example\"]\n\
         public_key = \"\"\"{ES256_PUBLIC}\"\"\"\n\
         [[identity.site_keys]]\nid = \"two\"\nissuer = \"site\"\nalgorithm = \"EdDSA\"\npublic_key = \"\"\"{EDDSA_PUBLIC}\"\"\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let config = crate::config::load_from(Some(&file), &HashMap::new()).unwrap();
    Tokens::new(&config, &[7; 32], at(NOW)).unwrap()
}

fn own(tokens: &Tokens, origins: &[String]) -> (String, KeyId) {
    let key = KeyId::new(&CountingIds::default());
    let new = New { key, secret: "h", subject: "4711", session: "s-1", origins, seconds: 900, from: None };
    (tokens.sign(&new).unwrap().0, key)
}

/// A token of the bank's site, changed before it is signed.
fn site(kid: &str, change: impl FnOnce(&mut Header, &mut Value)) -> String {
    let (algorithm, key) = match kid {
        "one" => (Algorithm::ES256, EncodingKey::from_ec_pem(ES256.as_bytes()).unwrap()),
        _ => (Algorithm::EdDSA, EncodingKey::from_ed_pem(EDDSA.as_bytes()).unwrap()),
    };
    let mut header =
        Header { typ: Some(site::TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let mut claims =
        json!({ "iss": "site", "aud": "contactiq", "sub": "4711", "sid": "s", "iat": NOW, "exp": NOW + 900 });
    change(&mut header, &mut claims);
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// Three parts with any header and signature.
fn forged(header: Value, claims: Value, signature: &[u8]) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_session_of_our_own_speaks_for_its_customer_and_no_longer_than_it_lasts() {
    let tokens = tokens();
    let (token, key) = own(&tokens, &["https://www.bank.example".to_owned()]);
    let bearer = tokens.read(&token, None).await.unwrap();
    assert_eq!((bearer.role, bearer.mode, bearer.key), (Role::Customer, Some(Mode::Customer), Some(key)));
    assert_eq!((bearer.subject.as_str(), bearer.session.as_deref()), ("4711", Some("s-1")));
    assert!(bearer.name.starts_with("customer:") && !bearer.name.contains("4711"));
    assert_eq!(tokens.read(&token, Some("https://www.bank.example")).await, Ok(bearer));
    for elsewhere in ["https://app.bank.example", "null", ""] {
        assert_eq!(tokens.read(&token, Some(elsewhere)).await, Err(Refusal::Origin), "{elsewhere}");
    }
    let later = Tokens { clock: at(NOW + 905), ..tokens };
    assert_eq!(later.read(&token, None).await, Err(Refusal::Expired));
    let other = Tokens { own: OwnKeys::new(Keyring::default(), &[8; 32]).unwrap(), ..later };
    assert_eq!(other.read(&token, None).await, Err(Refusal::SigningKey));
}

#[tokio::test]
async fn a_signing_key_that_stands_by_is_good_and_one_that_was_taken_away_is_not() {
    let [old, new, third] = ["o", "n", "t"].map(|letter| letter.repeat(OWN_KEY_LEAST));
    let ring = Keyring::of(old.clone());
    let made = tokens();
    let (of_root, _) = own(&made, &[]);
    let tokens = Tokens { own: OwnKeys::new(ring.clone(), &[7; 32]).unwrap(), ..made };
    let change = |values: &[&String]| {
        ring.replace(values.iter().map(|v| Secret::new((*v).clone())).collect());
        tokens.take_session_keys()
    };
    assert_eq!(
        tokens.read(&of_root, None).await,
        Err(Refusal::SigningKey),
        "a named key stands instead of it"
    );
    let (first, _) = own(&tokens, &[]);
    assert!(tokens.read(&first, None).await.is_ok());
    assert!(change(&[&new, &old]));
    let (second, _) = own(&tokens, &[]);
    assert_ne!(Head::of(&first).unwrap().kid, Head::of(&second).unwrap().kid);
    for token in [&first, &second] {
        assert!(tokens.read(token, None).await.is_ok());
    }
    assert!(change(&[&third, &new]));
    assert_eq!(tokens.read(&first, None).await, Err(Refusal::SigningKey));
    assert!(tokens.read(&second, None).await.is_ok());
    // What could be guessed signs nothing and is believed nothing; those of before stay, so that a slip ends no session.
    let short = "x".repeat(OWN_KEY_LEAST - 1);
    for slip in [&[&short, &third][..], &[&short]] {
        assert!(!change(slip));
        let (good, _) = own(&tokens, &[]);
        for token in [&good, &second] {
            assert!(tokens.read(token, None).await.is_ok());
        }
    }
    assert!(change(&[&third]));
    assert_eq!(tokens.read(&second, None).await, Err(Refusal::SigningKey));
    let tokens = Tokens { own: OwnKeys::new(Keyring::of(short), &[7; 32]).unwrap(), ..tokens };
    let new = New {
        key: KeyId::new(&CountingIds::default()),
        secret: "h",
        subject: "s",
        session: "s",
        origins: &[],
        seconds: 9,
        from: None,
    };
    assert!(tokens.sign(&new).is_none());
}

#[tokio::test]
async fn every_bit_of_a_session_counts() {
    let tokens = tokens();
    let (token, _) = own(&tokens, &[]);
    let parts: Vec<&str> = token.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let mut other = claims.clone();
    other["sub"] = "4712".into();
    let changed = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(other.to_string()), parts[2]);
    assert_eq!(tokens.read(&changed, None).await, Err(Refusal::Signature));
    assert_eq!(tokens.read(&format!("{}.{}.", parts[0], parts[1]), None).await, Err(Refusal::Signature));
    let kid = tokens.own.read(&token, &Head::of(&token).unwrap(), None, NOW).map(|_| ());
    assert_eq!(kid, Ok(()));
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    for algorithm in ["none", "None", "HS512", "RS256"] {
        let mut head = head.clone();
        head["alg"] = algorithm.into();
        for signature in [&b""[..], b"x"] {
            let refused = tokens.read(&forged(head.clone(), claims.clone(), signature), None).await;
            assert_eq!(refused, Err(Refusal::Algorithm), "{algorithm}");
        }
    }
}

#[tokio::test]
async fn a_session_of_the_banks_site_is_its_customers_for_an_hour_at_most() {
    let tokens = tokens();
    for kid in ["one", "two"] {
        let bearer = tokens.read(&site(kid, |_, _| ()), None).await.unwrap();
        assert_eq!(
            (bearer.subject.as_str(), bearer.key, bearer.role),
            ("site:site:4711", None, Role::Customer)
        );
        assert_eq!(bearer.session.as_deref(), Some("s"));
    }
    let token = site("one", |_, _| ());
    assert!(tokens.read(&token, Some("https://www.bank.example")).await.is_ok());
    assert_eq!(tokens.read(&token, Some("https://app.bank.example")).await, Err(Refusal::Origin));
    type Change = fn(&mut Header, &mut Value);
    let wrong: [(Change, Refusal); 14] = [
        (|_, c| c["iss"] = "other".into(), Refusal::Issuer),
        (|_, c| c["aud"] = "other".into(), Refusal::Audience),
        (|_, c| drop(c.as_object_mut().unwrap().remove("aud")), Refusal::Audience),
        (|_, c| c["exp"] = (NOW - 61).into(), Refusal::Expired),
        (|_, c| drop(c.as_object_mut().unwrap().remove("exp")), Refusal::Malformed),
        (|_, c| c["exp"] = "soon".into(), Refusal::Malformed),
        (|_, c| c["iat"] = (NOW + 61).into(), Refusal::NotYet),
        (|_, c| c["nbf"] = (NOW + 61).into(), Refusal::NotYet),
        (|_, c| drop(c.as_object_mut().unwrap().remove("iat")), Refusal::Malformed),
        (|_, c| c["exp"] = (NOW + 3601).into(), Refusal::Lasting),
        (|_, c| c["sub"] = "".into(), Refusal::Subject),
        (|_, c| c["sub"] = json!(["a"]), Refusal::Malformed),
        (|h, _| h.kid = Some("three".to_owned()), Refusal::SigningKey),
        (|h, _| h.typ = Some("JWT".to_owned()), Refusal::Issuer),
    ];
    for (n, (change, why)) in wrong.into_iter().enumerate() {
        assert_eq!(tokens.read(&site("two", change), None).await, Err(why), "{n}");
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret_and_the_token_does_not_choose() {
    let tokens = tokens();
    let claims = json!({ "iss": "site", "aud": "contactiq", "sub": "4711", "iat": NOW, "exp": NOW + 900 });
    let secret = EncodingKey::from_secret(ES256_PUBLIC.as_bytes()).unwrap();
    let header = Header {
        typ: Some(site::TYPE.to_owned()),
        kid: Some("one".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let confused = jsonwebtoken::encode(&header, &claims, &secret).unwrap();
    assert_eq!(tokens.read(&confused, None).await, Err(Refusal::Algorithm));
    // The other key of the site, under this one's name.
    let crossed = site("two", |h, _| h.kid = Some("one".to_owned()));
    assert_eq!(tokens.read(&crossed, None).await, Err(Refusal::Algorithm));
    for (header, why) in [
        (json!({ "alg": "none", "typ": site::TYPE, "kid": "one" }), Refusal::Algorithm),
        (json!({ "alg": "ES256", "typ": site::TYPE }), Refusal::SigningKey),
        (json!({ "alg": "ES256", "typ": "secevent+jwt", "kid": "one" }), Refusal::Type),
        (json!({ "alg": "ES256", "kid": "one" }), Refusal::Issuer),
        (json!({ "typ": "JWT" }), Refusal::Malformed),
        (json!([]), Refusal::Malformed),
    ] {
        assert_eq!(
            tokens.read(&forged(header.clone(), claims.clone(), b""), None).await,
            Err(why),
            "{header}"
        );
    }
    for (text, why) in [
        ("..", Refusal::Malformed),
        ("a.b.c", Refusal::Malformed),
        (&"a".repeat(9000), Refusal::TooLong),
        (&format!("{}.b.c", "a".repeat(8190)), Refusal::TooLong),
    ] {
        assert_eq!(tokens.read(text, None).await, Err(why));
    }
}

#[test]
fn claims_are_found_by_name_and_by_path() {
    let claims = json!({
        "realm_access": { "roles": ["a", "b"] }, "https://bank.example/roles": ["c"], "groups": "Bank Staff", "scope": "ask read",
        "deep": { "er": { "still": "x" } }, "n": 7,
    });
    let Value::Object(claims) = claims else { unreachable!() };
    let claims = Claims(claims);
    assert_eq!(claims.values("realm_access.roles"), ["a", "b"]);
    assert_eq!(claims.values("https://bank.example/roles"), ["c"]);
    assert_eq!(claims.values("groups"), ["Bank Staff"], "who names a group names no other one");
    assert_eq!(claims.values("scope"), ["ask", "read"]);
    assert_eq!(claims.values("deep.er.still"), ["x"]);
    for none in ["n", "deep", "realm_access.groups", "", "."] {
        assert!(claims.values(none).is_empty(), "{none}");
    }
}

#[test]
fn a_set_of_keys_gives_each_for_what_it_is_and_none_for_secrets() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let read = |keys: Value| KeySetOf(keys::KeySet::read(json!({ "keys": keys }).to_string().as_bytes()));
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "e", "x": x });
    let secret = json!({ "kty": "oct", "kid": "s", "k": "c2VjcmV0" });
    let seals = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "enc", "use": "enc", "x": x });
    let set = read(json!([ed, secret, seals, { "kty": "unheard-of" }, 7]));
    assert!(set.has(Some("e"), TokenAlgorithm::EdDsa) && set.has(None, TokenAlgorithm::EdDsa));
    assert!(!set.has(Some("e"), TokenAlgorithm::Rs256));
    for kid in ["s", "enc", "other"] {
        assert!(TokenAlgorithm::ALL.iter().all(|a| !set.has(Some(kid), *a)), "{kid}");
    }
    let two = read(json!([ed, { "kty": "OKP", "crv": "Ed25519", "kid": "f", "x": x }]));
    assert!(!two.has(None, TokenAlgorithm::EdDsa), "which of the two?");
    assert!(keys::KeySet::read(br#"{"keys":[]}"#).is_none() && keys::KeySet::read(b"<html>").is_none());
    let many: Vec<&Value> = std::iter::repeat_n(&ed, 101).collect();
    assert!(keys::KeySet::read(json!({ "keys": many }).to_string().as_bytes()).is_none());
}

struct KeySetOf(Option<keys::KeySet>);

impl KeySetOf {
    fn has(&self, kid: Option<&str>, algorithm: TokenAlgorithm) -> bool {
        self.0.as_ref().unwrap().find(kid, algorithm).is_some()
    }
}

#[test]
fn whose_an_access_is_can_be_told_from_whose_the_conversation_is() {
    let key: KeyId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
    assert_eq!(actors(&Owner { subject: "4711", key: Some(key) }), [of_session(key, "4711")]);
    assert_eq!(actors(&Owner { subject: "person:5f2b", key: None }), ["person:5f2b"]);
    for (issuer, subject) in [("www", "4711"), ("https://www.bank.example:8443", "a:b")] {
        let kept = subject_of_site(issuer, subject);
        let names = actors(&Owner { subject: &kept, key: None });
        assert!(names.contains(&of_site(issuer, subject)) && names.contains(&kept), "{names:?}");
    }
}
