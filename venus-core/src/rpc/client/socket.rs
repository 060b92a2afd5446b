//! The task that holds the connection: makes it when it is needed, and again when it was lost.

use std::{sync::Arc, time::Duration};

use futures::{SinkExt, StreamExt};
use tokio::{
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver},
    time::timeout,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error as WsError, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    super::{
        RpcError,
        pump::{self, Outgoing},
    },
    Settings,
    backoff::Backoff,
    session::{Call, Command, Session},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the last messages and the close frame may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// Bytes of a message: more than any service sends.
const LARGEST_MESSAGE: usize = 512 << 20;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Runs until the last client and the last stream are dropped.
pub(super) async fn run(settings: Arc<Settings>, mut commands: UnboundedReceiver<Command>) {
    let mut backoff = Backoff::default();
    while let Some(command) = commands.recv().await {
        // Without a connection there is nothing to cancel.
        let Command::Call(call) = command else { continue };
        backoff.wait().await;
        if call.reply.is_closed() {
            continue;
        }
        match connect(&settings).await {
            Ok(socket) => {
                backoff.connected();
                tracing::debug!(endpoint = %settings.endpoint, "connected");
                hold(&settings, socket, call, &mut commands).await;
            }
            Err(error) => {
                tracing::warn!(endpoint = %settings.endpoint, %error, "connecting failed");
                backoff.failed();
                call.reply.fail(error.clone());
                // Those who waited for the same attempt; later ones cause the next.
                while let Ok(command) = commands.try_recv() {
                    if let Command::Call(call) = command {
                        call.reply.fail(error.clone());
                    }
                }
            }
        }
    }
}

async fn connect(settings: &Settings) -> Result<Socket, RpcError> {
    let endpoint = settings.endpoint.to_string();
    let failed = |reason: String| RpcError::Connect { endpoint: endpoint.clone(), reason };
    let url = settings.endpoint.ws_url();
    let mut request =
        url.as_str().into_client_request().map_err(|error| failed(error.to_string()))?;
    request.headers_mut().extend(settings.headers.clone());
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let attempt = connect_async_with_config(request, Some(config), true);
    match timeout(CONNECT_TIMEOUT, attempt).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(WsError::Http(response))) => match response.status().as_u16() {
            status @ (401 | 403) => Err(RpcError::Unauthorized { endpoint, status }),
            status => Err(RpcError::Http { endpoint, status }),
        },
        Ok(Err(WsError::Io(error))) => Err(failed(error.to_string())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {CONNECT_TIMEOUT:?}"))),
    }
}

/// Works on one connection until it is lost or nobody needs it any more.
async fn hold(
    settings: &Settings,
    socket: Socket,
    first: Call,
    commands: &mut UnboundedReceiver<Command>,
) {
    let keepalive = settings.keepalive;
    let (sink, mut source) = socket.split();
    let sink = sink.with(|outgoing| {
        futures::future::ready(Ok::<_, WsError>(match outgoing {
            Outgoing::Text(text) => Message::text(text),
            Outgoing::Ping => Message::Ping(Default::default()),
            Outgoing::Close => {
                let reason = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                Message::Close(Some(reason))
            }
        }))
    });
    // Unbounded: this task must go on reading while the service is slow to read, or both wait for
    // each other. What queues up is bounded by the callers, who wait for their answers.
    let (out, queue) = mpsc::unbounded_channel();
    let mut writer =
        tokio::spawn(pump::write_all(sink, UnboundedReceiverStream::new(queue), keepalive.ping));
    let mut session = Session::new(out);
    session.command(Command::Call(first));

    let reason = loop {
        tokio::select! {
            message = timeout(keepalive.silence, source.next()) => match message {
                Err(_) => break "the service is silent",
                Ok(None) => break "the service has closed it",
                Ok(Some(Err(error))) => {
                    tracing::debug!(endpoint = %settings.endpoint, %error, "reading failed");
                    break "the connection broke";
                }
                Ok(Some(Ok(Message::Text(text)))) => session.receive(text.as_bytes()),
                Ok(Some(Ok(Message::Binary(bytes)))) => session.receive(&bytes),
                // Pings and pongs are signs of life; the library answers pings and closes.
                Ok(Some(Ok(_))) => {}
            },
            command = commands.recv() => match command {
                Some(command) => session.command(command),
                None => break "no longer needed",
            },
            _ = &mut writer => break "the socket cannot be written",
        }
    };
    tracing::debug!(endpoint = %settings.endpoint, reason, "disconnected");
    // This ends the queue of the writer too, which then writes what is left and a close frame.
    session.lost(&settings.endpoint.to_string());
    if !writer.is_finished() && timeout(FAREWELL, &mut writer).await.is_err() {
        writer.abort();
    }
}
