//! SSH keys. What formats there are is tested where they are read, in `capabilities`.

use std::path::Path;
use std::process::Command;

use pgvigil_model::{Secret, SshKeyId};
use salvo::test::RequestBuilder;
use serde_json::{Value, json};

use crate::harness::{Answer, Session, TestApp, request, server_body, text};

const KEYS: &str = "/api/ssh-keys";

/// A private key as `ssh-keygen` makes it, and what `ssh-keygen -l` says of it.
pub struct Made {
    pub private: String,
    fingerprint: String,
}

pub fn ssh_keygen(dir: &Path, options: &[&str]) -> Made {
    let path = dir.join(format!("key{}", options.concat().replace('/', "")));
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(Command::new("ssh-keygen").args(["-q", "-f"]).arg(&path).args(options));
    let listed = run(Command::new("ssh-keygen").arg("-lf").arg(&path));
    let fingerprint = listed.split_whitespace().nth(1).unwrap().to_owned();
    Made { private: std::fs::read_to_string(&path).unwrap(), fingerprint }
}

async fn generate(app: &TestApp, session: &Session, name: &str) -> Value {
    let answer =
        app.call(session, "POST", "/api/ssh-keys/generate", json!({"name": name, "key_type": "ed25519"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn path_of(key: &Value) -> String {
    format!("{KEYS}/{}", text(key, "id"))
}

/// Server `main` logs in with this key.
async fn use_by_server(app: &TestApp, key: &Value) {
    let mut body = server_body("main");
    body["ssh_user"] = "postgres".into();
    body["ssh_auth_type"] = "key".into();
    body["ssh_key_id"] = key["id"].clone();
    app.add_server(body).await;
}

const BOUNDARY: &str = "0123456789";

pub fn form(query: &str, parts: &[(&str, &[u8])]) -> RequestBuilder {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    request("POST", &format!("/api/ssh-keys/import-file{query}"))
        .add_header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"), true)
        .bytes(body)
}

async fn upload(app: &TestApp, session: &Session, query: &str, parts: &[(&str, &[u8])]) -> Answer {
    app.send(form(query, parts).bearer_auth(&session.access)).await
}

#[tokio::test]
async fn what_cannot_be_generated_is_refused() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let generate = |body: Value| app.call(&operator, "POST", "/api/ssh-keys/generate", body);
    for size in [1024, 2047, 8193, 0, -1] {
        let answer = generate(json!({"name": "k", "key_size": size})).await;
        assert_eq!(answer.status, 400, "{size}: {}", answer.body);
    }
    for (body, field) in [
        (json!({"name": "k", "key_type": "dsa"}), "key_type"),
        (json!({"name": ""}), "name"),
        (json!({"name": "a\u{1}b", "key_type": "ed25519"}), "name"),
        (json!({"name": "k", "key_type": "ed25519", "passphrase": "a\0b"}), "passphrase"),
        (json!({"name": "k", "key_size": "2048"}), "key_size"),
    ] {
        let answer = generate(body.clone()).await;
        assert_eq!((answer.status, answer.field_errors()), (422, vec![field.to_owned()]), "{body}");
    }
    assert_eq!(app.get(&operator, KEYS).await.body, json!([]));
}

#[tokio::test]
async fn a_generated_key_is_sealed_and_only_its_public_half_is_answered() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let body = json!({"name": "prod", "key_type": "ed25519", "passphrase": "open sesame", "description": "for prod"});
    let answer = app.call(&operator, "POST", "/api/ssh-keys/generate", body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::assert_json_snapshot!("generateSshKey", answer.body, {
        ".id" => "[id]", ".created_at" => "[time]", ".fingerprint" => "[fingerprint]", ".public_key" => "[public key]",
    });
    assert!(text(&answer.body, "public_key").starts_with("ssh-ed25519 AAAA"));
    assert!(text(&answer.body, "public_key").ends_with(" prod@pgvigil"));
    let id = SshKeyId(text(&answer.body, "id").parse().unwrap());
    let private = app.store.ssh_private_key(id).await.unwrap();
    assert!(private.expose().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    let again = app.call(&operator, "POST", "/api/ssh-keys/generate", body).await;
    assert_eq!((again.status, &again.body["detail"]), (400, &json!("an SSH key called `prod` exists already")));
    let admin = app.sign_in("admin").await;
    for path in [KEYS.to_owned(), path_of(&answer.body), format!("{}/download-public", path_of(&answer.body))] {
        let shown = app.get(&admin, &path).await;
        assert!(!shown.text.contains("PRIVATE") && !shown.text.contains("open sesame"), "{path}");
    }
}

#[tokio::test]
async fn rsa_of_2048_bits_is_made_where_nothing_else_is_said() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let answer = app.call(&operator, "POST", "/api/ssh-keys/generate", json!({"name": "old"})).await;
    assert_eq!((answer.status, &answer.body["key_type"]), (200, &json!("rsa")), "{}", answer.body);
    let public = text(&answer.body, "public_key");
    assert!(public.starts_with("ssh-rsa AAAA") && public.len() > 350 && public.len() < 400, "{public}");
}

/// D32
#[tokio::test]
async fn an_imported_key_is_what_ssh_keygen_says_it_is() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let dir = tempfile::tempdir().unwrap();
    for (options, key_type) in [
        (["-t", "ed25519", "-N", ""], "ed25519"),
        (["-t", "ecdsa", "-N", ""], "ecdsa"),
        (["-t", "rsa", "-N", ""], "rsa"),
    ] {
        let made = ssh_keygen(dir.path(), &options);
        let body = json!({"name": key_type, "private_key": made.private, "description": ""});
        let answer = app.call(&operator, "POST", "/api/ssh-keys/import", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(
            (text(&answer.body, "key_type"), text(&answer.body, "fingerprint")),
            (key_type.into(), made.fingerprint)
        );
        assert_eq!((&answer.body["has_passphrase"], &answer.body["description"]), (&json!(false), &json!(null)));
    }
}

/// D32: the predecessor said "invalid" to all of these.
#[tokio::test]
async fn a_key_that_cannot_be_imported_says_why() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let dir = tempfile::tempdir().unwrap();
    let encrypted = ssh_keygen(dir.path(), &["-t", "ed25519", "-N", "open sesame"]);
    let plain = ssh_keygen(dir.path(), &["-t", "ed25519", "-N", ""]);
    let import = |private_key: &str, passphrase: Option<&str>| {
        let body = json!({"name": "k", "private_key": private_key, "passphrase": passphrase});
        app.call(&operator, "POST", "/api/ssh-keys/import", body)
    };
    for (private_key, passphrase, said) in [
        (encrypted.private.as_str(), None, "the key is encrypted: give its passphrase"),
        (encrypted.private.as_str(), Some(""), "the key is encrypted: give its passphrase"),
        (encrypted.private.as_str(), Some("wrong"), "the passphrase does not open the key, or the key is damaged"),
        (plain.private.as_str(), Some("needless"), "the key is not encrypted, so it has no passphrase; leave it empty"),
        ("ssh-ed25519 AAAA me", None, "this is a public key; the private one is needed (the file without .pub)"),
    ] {
        let answer = import(private_key, passphrase).await;
        assert_eq!((answer.status, text(&answer.body, "detail")), (400, said.to_owned()));
    }
    let nonsense = import("nonsense", None).await;
    assert_eq!(nonsense.status, 400);
    assert!(text(&nonsense.body, "detail").starts_with("this is no private key"), "{}", nonsense.body);
    assert_eq!(import(&encrypted.private, Some("open sesame")).await.status, 200);
}

#[tokio::test]
async fn the_same_key_under_another_name_is_refused() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let made = ssh_keygen(tempfile::tempdir().unwrap().path(), &["-t", "ed25519", "-N", ""]);
    let import = |name: &str| {
        let body = json!({"name": name, "private_key": made.private});
        app.call(&operator, "POST", "/api/ssh-keys/import", body)
    };
    let first = import("one").await;
    insta::assert_json_snapshot!("importSshKey", first.body, {
        ".id" => "[id]", ".created_at" => "[time]", ".fingerprint" => "[fingerprint]", ".public_key" => "[public key]",
    });
    let second = import("two").await;
    assert_eq!(second.status, 400);
    assert_eq!(
        text(&second.body, "detail"),
        format!("this very key is stored already (fingerprint {})", made.fingerprint)
    );
}

/// D16
#[tokio::test]
async fn a_file_is_imported_with_its_passphrase_in_the_form() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let made = ssh_keygen(tempfile::tempdir().unwrap().path(), &["-t", "ed25519", "-N", "open sesame"]);
    let parts: [(&str, &[u8]); 3] = [
        (r#"name="file"; filename="C:\keys\prod.pem""#, made.private.as_bytes()),
        (r#"name="passphrase""#, b"open sesame"),
        (r#"name="description""#, b"from a file"),
    ];
    let answer = upload(&app, &operator, "", &parts).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::assert_json_snapshot!("importSshKeyFile", answer.body, {
        ".id" => "[id]", ".created_at" => "[time]", ".fingerprint" => "[fingerprint]", ".public_key" => "[public key]",
    });
    assert_eq!(text(&answer.body, "fingerprint"), made.fingerprint);
}

#[tokio::test]
async fn the_predecessor_s_parameters_of_an_uploaded_file_still_work() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let made = ssh_keygen(tempfile::tempdir().unwrap().path(), &["-t", "ed25519", "-N", "open sesame"]);
    let query = "?name=prod&passphrase=open%20sesame&description=old";
    let file: [(&str, &[u8]); 1] = [(r#"name="file"; filename="id_ed25519""#, made.private.as_bytes())];
    let answer = upload(&app, &operator, query, &file).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body["name"], &answer.body["description"]), (&json!("prod"), &json!("old")));
}

#[tokio::test]
async fn a_form_that_holds_no_key_is_refused() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let file = r#"name="file"; filename="k.pem""#;
    let without = upload(&app, &operator, "", &[(r#"name="name""#, b"k")]).await;
    assert_eq!((without.status, without.field_errors()), (422, vec!["file".to_owned()]));
    let binary = upload(&app, &operator, "", &[(file, &[0xff, 0xfe, 0x00])]).await;
    assert_eq!((binary.status, &binary.body["detail"]), (400, &json!("the file is not UTF-8 text")));
    assert_eq!(upload(&app, &operator, "", &[(file, b"")]).await.status, 400);
    assert_eq!(upload(&app, &operator, "", &[(file, &[b'x'; 70_000])]).await.status, 413);
    assert_eq!(upload(&app, &operator, "", &[(r#"name="x""#, b"y".as_slice()); 20]).await.status, 400);
    let nameless = upload(&app, &operator, "", &[(r#"name="file""#, b"key")]).await;
    assert_eq!((nameless.status, nameless.field_errors()), (422, vec!["name".to_owned()]));
    let json = app.call(&operator, "POST", "/api/ssh-keys/import-file", json!({"file": "x"})).await;
    assert_eq!(json.status, 422);
    let cut = request("POST", "/api/ssh-keys/import-file").bearer_auth(&operator.access);
    let cut = cut.add_header("content-type", "multipart/form-data; boundary=x", true).bytes(b"--x\r\nhalf".to_vec());
    assert_eq!(app.send(cut).await.status, 400);
}

/// Contract 1.2
#[tokio::test]
async fn lists_hide_public_keys_from_operators_and_everything_from_viewers() {
    let app = TestApp::new().await;
    let (viewer, operator, admin) =
        (app.sign_in("viewer").await, app.sign_in("operator").await, app.sign_in("admin").await);
    let key = generate(&app, &operator, "prod").await;
    for path in [KEYS.to_owned(), path_of(&key)] {
        assert_eq!(app.get(&viewer, &path).await.status, 403);
        let seen = app.get(&operator, &path).await.text;
        assert!(seen.contains("[Скрыто для оператора]") && !seen.contains("ssh-ed25519 AAAA"), "{seen}");
        assert!(app.get(&admin, &path).await.text.contains("ssh-ed25519 AAAA"));
    }
    let redactions = |body: Value, name: &str| {
        insta::assert_json_snapshot!(name, body, {
            ".**.id" => "[id]", ".**.created_at" => "[time]", ".**.fingerprint" => "[fingerprint]",
            ".**.public_key" => "[public key]",
        });
    };
    redactions(app.get(&admin, KEYS).await.body, "listSshKeys");
    redactions(app.get(&admin, &path_of(&key)).await.body, "getSshKey");
}

/// D33
#[tokio::test]
async fn a_public_key_is_downloaded_under_a_plain_name() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let key = generate(&app, &admin, "k").await;
    let answer = app.get(&admin, &format!("{}/download-public", path_of(&key))).await;
    assert_eq!(answer.body["content"], key["public_key"]);
    insta::assert_json_snapshot!("downloadSshPublicKey", answer.body, { ".content" => "[public key]" });
}

#[tokio::test]
async fn a_key_that_is_used_cannot_be_removed_and_says_by_whom() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let key = generate(&app, &operator, "prod").await;
    use_by_server(&app, &key).await;
    let refused = app.call(&operator, "DELETE", &path_of(&key), json!({})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["detail"], "the SSH key is in use by main; let them log in another way first");
    assert_eq!(app.get(&operator, &path_of(&key)).await.body["servers_count"], 1);
    let viewer = app.sign_in("viewer").await;
    let usage = app.get(&viewer, &format!("{}/servers", path_of(&key))).await;
    insta::assert_json_snapshot!("listSshKeyServers", usage.body);
    let count = app.call(&viewer, "POST", &format!("{}/update-servers-count", path_of(&key)), json!({})).await;
    insta::assert_json_snapshot!("countSshKeyServers", count.body, { ".key_id" => "[id]" });
}

/// D24
#[tokio::test]
async fn a_key_that_its_server_no_longer_uses_can_be_removed() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let key = generate(&app, &operator, "prod").await;
    use_by_server(&app, &key).await;
    let mut body = server_body("main");
    body["password"] = "".into();
    let changed = app.call(&operator, "PUT", "/api/servers/main", body).await;
    assert_eq!((changed.status, &changed.body["ssh_key_id"]), (200, &json!(null)));
    let removed = app.call(&operator, "DELETE", &path_of(&key), json!({})).await;
    insta::assert_json_snapshot!("deleteSshKey", removed.body);
    let id = SshKeyId(text(&key, "id").parse().unwrap());
    assert!(app.store.ssh_private_key(id).await.is_err(), "the private half is gone too");
}

#[tokio::test]
async fn only_name_and_description_of_a_key_change() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let (key, _other) = (generate(&app, &operator, "one").await, generate(&app, &operator, "two").await);
    let path = path_of(&key);
    let put = |body: Value| app.call(&operator, "PUT", &path, body);
    let taken = put(json!({"name": "two"})).await;
    assert_eq!((taken.status, &taken.body["detail"]), (400, &json!("an SSH key called `two` exists already")));
    assert_eq!(put(json!({"name": ""})).await.field_errors(), ["name"]);
    assert_eq!(put(json!(["name"])).await.status, 422);
    let body =
        json!({"name": "three", "description": "text", "fingerprint": "x", "private_key": "x", "key_type": "rsa"});
    let changed = put(body).await;
    insta::assert_json_snapshot!("updateSshKey", changed.body, {
        ".id" => "[id]", ".created_at" => "[time]", ".fingerprint" => "[fingerprint]", ".public_key" => "[public key]",
    });
    assert_eq!(changed.body["fingerprint"], key["fingerprint"]);
    assert_eq!(put(json!({"description": ""})).await.body["description"], Value::Null, "an empty one is removed");
    let same = put(json!({})).await.body;
    assert_eq!(same["name"], "three");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_found() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    for id in ["00000000-0000-0000-0000-000000000000", "nonsense", "%00"] {
        for (method, rest) in
            [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/servers"), ("GET", "/download-public")]
        {
            let answer = app.call(&admin, method, &format!("{KEYS}/{id}{rest}"), json!({})).await;
            assert_eq!(answer.status, 404, "{method} {id}{rest}");
        }
        let count = app.call(&admin, "POST", &format!("{KEYS}/{id}/update-servers-count"), json!({})).await;
        assert_eq!((count.status, &count.body["servers_count"]), (200, &json!(0)), "as the predecessor");
    }
}

/// The test connects with what was stored, so a passphrase must come along.
#[tokio::test]
async fn a_server_logs_in_with_the_stored_key_and_its_own_passphrase() {
    let app = TestApp::new().await;
    let operator = app.sign_in("operator").await;
    let body = json!({"name": "k", "key_type": "ed25519", "passphrase": "open sesame"});
    let key = app.call(&operator, "POST", "/api/ssh-keys/generate", body).await.body;
    let mut server = server_body("main");
    server["ssh_user"] = "postgres".into();
    server["ssh_auth_type"] = "key".into();
    server["ssh_key_id"] = key["id"].clone();
    server["ssh_key_passphrase"] = "open sesame".into();
    app.add_server(server).await;
    app.call(&operator, "POST", "/api/servers/main/test-ssh", json!({})).await;
    let target = app.host.targets.lock().unwrap().pop().unwrap();
    assert_eq!(target.secrets.ssh_key_passphrase, Some(Secret::new("open sesame")));
    assert!(target.secrets.ssh_private_key.unwrap().expose().contains("OPENSSH PRIVATE KEY"));
}
