//! A real socket.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::harness::{TestApp, api};

#[tokio::test]
async fn the_host_answers_on_its_socket_compressed_and_stops_when_told() {
    let app = TestApp::new().await;
    let bound = pgvigil_api::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = bound.address();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(bound.serve(api(&app.store, &app.host), stop.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /openapi.json HTTP/1.1\r\nhost: {address}\r\naccept-encoding: gzip\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 2_048];
    let read = client.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let stopping = Instant::now();
    stop.cancel();
    serving.await.unwrap().unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(8), "an open connection does not hold the host up");
    assert!(TcpStream::connect(address).await.is_err());
}
