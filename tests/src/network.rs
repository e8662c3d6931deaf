//! A network between agents and their server that a test can cut, and make forget connections, as routers and firewalls do.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What goes through now.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    /// Nothing passes, and nothing is refused either.
    cut: bool,
    /// Connections of earlier generations are mute for ever.
    generation: u64,
}

/// A stretch of network; gone when it is dropped.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: tokio::task::JoinHandle<()>,
}

impl Network {
    /// A way to the server at `origin`, http://…
    pub async fn to(origin: &str) -> Self {
        let target = origin.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let weather = watch::Sender::new(Weather::default());
        let watched = weather.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, weather) = (target.clone(), watched.subscribe());
                tokio::spawn(async move { carry(client, &target, weather).await });
            }
        });
        Self { address, weather, task }
    }

    /// Where it begins.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nothing passes any more, and nobody is told.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.cut = true);
    }

    /// All passes again, what was held up included.
    pub fn heal(&self) {
        self.weather.send_modify(|weather| weather.cut = false);
    }

    /// Connections that exist now are mute for ever; new ones work.
    pub fn forget_connections(&self) {
        self.weather.send_modify(|weather| weather.generation += 1);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, target: &str, mut weather: watch::Receiver<Weather>) -> Option<()> {
    let generation = weather.borrow().generation;
    passable(&mut weather, generation).await?;
    let server = TcpStream::connect(target).await.ok()?;
    let (client, server) = (client.into_split(), server.into_split());
    let back = weather.clone();
    tokio::join!(pump(client.0, server.1, weather, generation), pump(server.0, client.1, back, generation));
    Some(())
}

/// Waits until something may pass; `None`: never again.
async fn passable(weather: &mut watch::Receiver<Weather>, generation: u64) -> Option<()> {
    if weather.borrow().generation > generation {
        std::future::pending::<()>().await;
    }
    weather.wait_for(|now| !now.cut || now.generation > generation).await.ok()?;
    if weather.borrow().generation > generation {
        std::future::pending::<()>().await;
    }
    Some(())
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut weather: watch::Receiver<Weather>,
    generation: u64,
) -> Option<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        passable(&mut weather, generation).await?;
        if count == 0 {
            return to.shutdown().await.ok();
        }
        to.write_all(buffer.get(..count)?).await.ok()?;
    }
}
