//! Servers that send too much, nothing, or nonsense.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use pgvigil_capabilities::PostgresServer;
use pgvigil_model::{FailureReason, PostgresSettings, Secret, SslMode};
use pgvigil_runtime::{CallBudget, Postgres, PostgresError};

const BUDGET: CallBudget = CallBudget { timeout: Duration::from_secs(10), max_rows: 1000, max_bytes: 1 << 20 };

/// A listener that treats each connection so; what was sent to it by the last byte.
fn fake(
    behave: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static,
) -> (PostgresServer, Receiver<Vec<u8>>) {
    fake_with(SslMode::Disable, behave)
}

fn fake_with(
    sslmode: SslMode,
    behave: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static,
) -> (PostgresServer, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = behave(&mut stream); // the client may hang up at any time
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            if sender.send(rest).is_err() {
                return;
            }
        }
    });
    let settings = PostgresSettings {
        host: "127.0.0.1".to_owned(),
        port,
        user: "victim".to_owned(),
        database: "postgres".to_owned(),
        sslmode,
        sslrootcert: None,
    };
    (PostgresServer::new(settings, Some(Secret::new("s3cret")), Arc::default()), receiver)
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

fn read_some(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read(&mut [0; 8192]).map(drop)
}

/// Lets anybody in.
fn greet(stream: &mut TcpStream) -> std::io::Result<()> {
    read_some(stream)?;
    let key = message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]);
    stream.write_all(&[message(b'R', &[0; 4]), key, message(b'Z', b"I")].concat())
}

fn flood(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes)?;
    }
}

/// The error of one call, which ends in time whatever the server does.
async fn error(server: &PostgresServer) -> PostgresError {
    let began = Instant::now();
    let error = server.query("select 1", &[], BUDGET).await.unwrap_err();
    assert!(began.elapsed() < BUDGET.timeout + Duration::from_secs(1), "{:?}", began.elapsed());
    error
}

fn reason(error: PostgresError) -> FailureReason {
    match error {
        PostgresError::Unavailable(unavailable) => unavailable.reason,
        other => panic!("{other:?}"),
    }
}

/// Or a pooler whose own server is away.
#[tokio::test]
async fn a_server_that_lets_us_in_and_says_nothing_is_away_long_before_the_run_ends() {
    let (server, _) = fake(|stream| {
        greet(stream)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    let began = Instant::now();
    let unavailable = server.identity(Duration::from_secs(300)).await.unwrap_err();
    assert_eq!(unavailable.reason, FailureReason::Unreachable, "{unavailable}");
    assert!(unavailable.detail.ends_with("did not say its version within 5000 ms"), "{unavailable}");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let again = server.identity(Duration::from_secs(300)).await.unwrap_err();
    assert_eq!(again.reason, FailureReason::Unreachable, "{again}");
}

#[tokio::test]
async fn a_password_is_not_given_to_who_asks_for_it_in_clear_text() {
    for sslmode in [SslMode::Disable, SslMode::Prefer] {
        let (server, sent) = fake_with(sslmode, move |stream| {
            read_some(stream)?;
            if sslmode == SslMode::Prefer {
                stream.write_all(b"N")?;
                read_some(stream)?;
            }
            // Byte by byte, to be seen however it comes.
            message(b'R', &[0, 0, 0, 3]).iter().try_for_each(|byte| stream.write_all(&[*byte]))
        });
        let refused = error(&server).await;
        assert!(refused.to_string().contains("in clear text"), "{refused}");
        assert_eq!(reason(refused), FailureReason::AuthenticationFailed);
        assert_eq!(sent.recv().unwrap(), b"", "nothing more was sent");
    }
}

#[tokio::test]
async fn floods_end_at_the_limit() {
    let huge = [&[b'D'][..], &0x7fff_fff0_u32.to_be_bytes(), &[0; 8192]].concat();
    let notice = message(b'N', &[&b"SNOTICE\0VNOTICE\0C00000\0M"[..], &[b'x'; 2000], &[0, 0]].concat());
    let status = message(b'S', b"name\0value\0");
    let row = message(b'D', &[0, 1, 0, 0, 0, 1, b'x']);
    let error_bomb = [&[b'E'][..], &0x0fff_ffff_u32.to_be_bytes(), &[b'x'; 8192]].concat();
    let description = message(b'T', &[&[0, 1][..], b"c\0", &[0; 6], &[0, 0, 0, 25], &[0xff; 6], &[0, 0]].concat());
    let answer = [message(b'1', &[]), message(b't', &[0, 0]), description].concat();
    for (name, first, flooding) in [
        ("message", vec![], huge),
        ("notices", vec![], notice),
        ("settings", vec![], status),
        ("rows", answer, row),
        ("error", vec![], error_bomb),
    ] {
        let (server, _sent) = fake(move |stream| {
            greet(stream)?;
            read_some(stream)?;
            stream.write_all(&first)?;
            flood(stream, &flooding)
        });
        let error = error(&server).await;
        assert!(
            matches!(error, PostgresError::TooLarge(bytes) if bytes < 16 << 20)
                || matches!(&error, PostgresError::Unavailable(unavailable) if unavailable.reason == FailureReason::Unreachable),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_flood_before_the_login_ends_at_the_limit() {
    for flooding in [
        message(b'N', &[&b"SNOTICE\0M"[..], &[b'x'; 2000], &[0, 0]].concat()),
        [&[b'E'][..], &0x0fff_ffff_u32.to_be_bytes(), &[b'x'; 8192]].concat(),
        [&[b'R'][..], &0x0fff_ffff_u32.to_be_bytes(), &[b'x'; 8192]].concat(),
    ] {
        let (server, _sent) = fake(move |stream| {
            read_some(stream)?;
            flood(stream, &flooding)
        });
        assert!(matches!(reason(error(&server).await), FailureReason::ServerRefused | FailureReason::Unreachable));
    }
}

#[tokio::test]
async fn a_long_error_message_is_cut() {
    let (server, _sent) = fake(|stream| {
        read_some(stream)?;
        stream.write_all(&message(b'E', &[&b"SFATAL\0VFATAL\0C28000\0M"[..], &[b'x'; 100_000], &[0, 0]].concat()))
    });
    let error = error(&server).await;
    assert!(error.to_string().len() < 2000, "{}", error.to_string().len());
    assert_eq!(reason(error), FailureReason::AuthenticationFailed);
}

#[tokio::test]
async fn nonsense_is_no_server() {
    let nonsense: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        &[0; 100],
        &[0xff; 100],
        b"Z\0\0\0\x05I",
        b"",
    ];
    for bytes in nonsense {
        for sslmode in [SslMode::Disable, SslMode::Prefer] {
            let (server, _sent) = fake_with(sslmode, move |stream| {
                read_some(stream)?;
                stream.write_all(bytes)
            });
            let error = error(&server).await;
            let is_named = error.to_string().contains("127.0.0.1:");
            assert!(is_named, "{error}");
            assert!(matches!(reason(error), FailureReason::Unreachable | FailureReason::TlsFailed));
        }
        let (server, _sent) = fake(move |stream| {
            greet(stream)?;
            read_some(stream)?;
            stream.write_all(bytes)
        });
        assert_eq!(reason(error(&server).await), FailureReason::Unreachable);
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_its_deadline_and_says_where() {
    type Behaviour = fn(&mut TcpStream) -> std::io::Result<()>;
    let hang: Behaviour = |stream| stream.read_to_end(&mut Vec::new()).map(drop);
    let hang_after_greeting: Behaviour = |stream| {
        greet(stream)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    };
    let hang_in_tls: Behaviour = |stream| {
        read_some(stream)?;
        stream.write_all(b"S")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    };
    for (sslmode, behaviour, expected) in [
        (SslMode::Disable, hang, "(authentication)"),
        (SslMode::Require, hang, "(the TLS handshake)"),
        (SslMode::Require, hang_in_tls, "(the TLS handshake)"),
        (SslMode::Disable, hang_after_greeting, "did not finish in time"),
    ] {
        let (server, _sent) = fake_with(sslmode, behaviour);
        let began = Instant::now();
        let budget = CallBudget { timeout: Duration::from_millis(300), ..BUDGET };
        let error = server.query("select 1", &[], budget).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(1300), "{:?}", began.elapsed());
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_drips_is_cut_at_the_deadline() {
    let (server, _sent) = fake(|stream| {
        greet(stream)?;
        loop {
            stream.write_all(&message(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mx\0\0"))?;
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let budget = CallBudget { timeout: Duration::from_millis(400), ..BUDGET };
    assert_eq!(server.query("select 1", &[], budget).await.unwrap_err(), PostgresError::TimedOut);
}

#[tokio::test]
async fn types_without_end_are_not_followed() {
    // Each question about a type is answered with a yet unknown one: tokio-postgres would ask until the stack is full.
    let (server, _sent) = fake(|stream| {
        greet(stream)?;
        let mut oid = 100_000_u32;
        loop {
            let mut buffer = [0; 8192];
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            let answer = match buffer[0] {
                b'P' => {
                    let is_typeinfo = String::from_utf8_lossy(&buffer[..count]).contains("pg_type");
                    let field =
                        |name: &[u8], oid: u32| [name, &[0; 7][..], &oid.to_be_bytes(), &[0xff; 6], &[0, 1]].concat();
                    let (parameters, fields) = if is_typeinfo {
                        let fields = [
                            field(b"typname", 19),
                            field(b"typtype", 18),
                            field(b"typelem", 26),
                            field(b"rngsubtype", 26),
                            field(b"typbasetype", 26),
                            field(b"nspname", 19),
                            field(b"typrelid", 26),
                        ];
                        ([&[0, 1][..], &26_u32.to_be_bytes()].concat(), [&[0, 7][..], &fields.concat()].concat())
                    } else {
                        (vec![0, 0], [&[0, 1][..], &field(b"c", oid)].concat())
                    };
                    [message(b'1', &[]), message(b't', &parameters), message(b'T', &fields), message(b'Z', b"I")]
                        .concat()
                }
                _ => {
                    oid += 1;
                    let cell = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
                    let zero = cell(&[0; 4]);
                    let cells = [
                        cell(b"t"),
                        cell(b"b"),
                        cell(&oid.to_be_bytes()),
                        zero.clone(),
                        zero.clone(),
                        cell(b"s"),
                        zero,
                    ];
                    let row = message(b'D', &[&[0, 7][..], &cells.concat()].concat());
                    [message(b'2', &[]), row, message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat()
                }
            };
            stream.write_all(&answer)?;
        }
    });
    assert_eq!(reason(error(&server).await), FailureReason::LimitExceeded);
}

#[tokio::test]
async fn a_pooler_that_refuses_options_gets_them_after_the_start() {
    let (server, sent) = fake(|stream| {
        let mut buffer = [0; 8192];
        let count = stream.read(&mut buffer)?;
        if String::from_utf8_lossy(&buffer[..count]).contains("options") {
            let refusal = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
            return stream.write_all(&message(b'E', refusal));
        }
        let key = message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]);
        stream.write_all(&[message(b'R', &[0; 4]), key, message(b'Z', b"I")].concat())?;
        stream.peek(&mut [0]).map(drop) // until there is more
    });
    let _ = error(&server).await; // it answers nothing more
    assert_eq!(sent.recv().unwrap(), b"", "the first attempt");
    let set = String::from_utf8_lossy(&sent.recv().unwrap()).into_owned();
    for setting in ["default_transaction_read_only = on", "lock_timeout = ", "statement_timeout = "] {
        assert!(set.contains(setting), "{set}");
    }
}
