//! The way to the server and back: subscriptions that resume where they broke off, a snapshot when they cannot, and what the
//! picture asks for. Everything that comes is news for the state; nothing of it is judged here.

use std::pin::Pin;
use std::time::Duration;

use cynic::MutationBuilder;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::link::ASKED_EVERY_SECS;
use super::snapshot::{cursor, inspect, look, whole};
use super::state::{News, Order, Sight};
use crate::api::{
    CancelJob, CancelJobInput, CancelVariables, FleetTotals, GpuLine, GpuReading, HostLine, JobLine,
};
use crate::args::connection::ServerArgs;
use crate::client::{
    Client, Failure, Followed, Following, follow_gpus, follow_hosts, follow_queue, follow_readings,
    follow_totals,
};

const ASKED_EVERY: Duration = Duration::from_secs(ASKED_EVERY_SECS.unsigned_abs());
/// What comes into sight is asked for after this long, together with what else does.
const SETTLES: Duration = Duration::from_millis(120);
/// Cards that come into sight are followed after this long, together with others.
const TURNS: Duration = Duration::from_millis(400);
/// As many as one subscription takes.
const MOST_CARDS: usize = 256;
/// After a failure that may pass.
const AGAIN: Duration = Duration::from_secs(2);
/// Between a gap and the next snapshot.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(500);
const BUFFERED: usize = 256;
const ORDERS: usize = 16;

type Looking = Pin<Box<dyn Future<Output = Result<Vec<News>, Failure>> + Send>>;

/// What the picture has of the feed.
pub(super) struct Ends {
    pub(super) news: mpsc::Receiver<News>,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) sight: watch::Sender<Sight>,
    /// Ends when there is nothing more to come, with the reason.
    pub(super) over: tokio::task::JoinHandle<Failure>,
}

/// Begins to ask and to listen.
pub(super) fn start(args: ServerArgs, client: Client) -> Ends {
    let (news_out, news) = mpsc::channel(BUFFERED);
    let (orders, orders_in) = mpsc::channel(ORDERS);
    let (sight, sight_in) = watch::channel(Sight::default());
    let feed =
        Feed { args, client, news: news_out, orders: orders_in, sight: sight_in, work: JoinSet::new() };
    Ends { news, orders, sight, over: tokio::spawn(feed.run()) }
}

/// The subscriptions, and which of them are lost.
struct Streams {
    gpus: Following<GpuLine>,
    jobs: Following<JobLine>,
    hosts: Following<Option<HostLine>>,
    totals: Following<FleetTotals>,
    readings: Readings,
    lost: [bool; 4],
}

/// What cards in sight tell; it is begun anew for others. Whether the server is there is for the other subscriptions to tell.
#[derive(Default)]
struct Readings {
    of: Vec<String>,
    following: Option<Following<Vec<GpuReading>>>,
    /// When it is to be begun anew.
    begin_at: Option<Instant>,
}

impl Readings {
    /// Others are in sight.
    fn turn_to(&mut self, gpus: &[String]) {
        let wanted = &gpus[..gpus.len().min(MOST_CARDS)];
        if self.of != wanted {
            self.of = wanted.to_vec();
            self.begin_at.get_or_insert(Instant::now() + TURNS);
        }
    }

    fn begin(&mut self, client: &Client) {
        self.begin_at = None;
        let ids: Vec<cynic::Id> = self.of.iter().map(cynic::Id::new).collect();
        self.following = if ids.is_empty() { None } else { Some(follow_readings(client, ids)) };
    }

    fn begin_again(&mut self) {
        self.following = None;
        self.begin_at = Some(Instant::now() + AGAIN);
    }

    async fn next(&mut self) -> Option<Result<Followed<Vec<GpuReading>>, Failure>> {
        match &mut self.following {
            Some(following) => following.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// What a subscription's word amounts to.
enum Told {
    News(Box<News>),
    Nothing,
    /// The picture has a gap: everything is to be asked for anew.
    Gap,
}

impl Streams {
    fn begin(client: &Client, cursor: &str) -> Self {
        Self {
            gpus: follow_gpus(client, cursor.to_owned()),
            jobs: follow_queue(client, cursor.to_owned()),
            hosts: follow_hosts(client, cursor.to_owned()),
            totals: follow_totals(client),
            readings: Readings::default(),
            lost: [false; 4],
        }
    }

    async fn next(&mut self) -> Result<Told, Failure> {
        tokio::select! {
            told = self.gpus.recv() => self.word(0, told, News::Gpu),
            told = self.jobs.recv() => self.word(1, told, News::Job),
            told = self.hosts.recv() => self.word(2, told, News::Host),
            told = self.totals.recv() => self.word(3, told, News::Totals),
            told = self.readings.next() => self.read(told),
        }
    }

    fn read(&mut self, told: Option<Result<Followed<Vec<GpuReading>>, Failure>>) -> Result<Told, Failure> {
        match told {
            Some(Ok(Followed::Item(readings))) => Ok(Told::News(Box::new(News::Readings(readings)))),
            Some(Ok(_)) => Ok(Told::Nothing),
            // A card is gone, and nothing but a snapshot says which.
            Some(Err(failure)) if failure.code() == Some("NOT_FOUND") => Ok(Told::Gap),
            Some(Err(failure)) if !failure.is_passing() => Err(failure),
            Some(Err(_)) | None => {
                self.readings.begin_again();
                Ok(Told::Nothing)
            }
        }
    }

    fn word<Item>(
        &mut self,
        at: usize,
        told: Option<Result<Followed<Item>, Failure>>,
        news: fn(Item) -> News,
    ) -> Result<Told, Failure> {
        match told {
            Some(Ok(Followed::Item(item))) => Ok(Told::News(Box::new(news(item)))),
            Some(Ok(Followed::Lost(cause))) => {
                self.lost[at] = true;
                Ok(Told::News(Box::new(News::Cut(cause))))
            }
            Some(Ok(Followed::Resumed)) => {
                self.lost[at] = false;
                let all = !self.lost.contains(&true);
                Ok(if all { Told::News(Box::new(News::Standing)) } else { Told::Nothing })
            }
            Some(Ok(Followed::Restarted)) | None => Ok(Told::Gap),
            Some(Err(failure)) => Err(failure),
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn answer(looking: &mut Option<Looking>) -> Result<Vec<News>, Failure> {
    match looking {
        Some(looking) => looking.await,
        None => std::future::pending().await,
    }
}

struct Feed {
    args: ServerArgs,
    client: Client,
    news: mpsc::Sender<News>,
    orders: mpsc::Receiver<Order>,
    sight: watch::Receiver<Sight>,
    work: JoinSet<()>,
}

impl Feed {
    /// Goes on until nobody listens or the server wants no more of this caller.
    async fn run(mut self) -> Failure {
        loop {
            let Err(failure) = self.round().await else {
                // A server that ends its streams at once must not be asked for everything as fast as it can answer.
                tokio::time::sleep(BETWEEN_ROUNDS).await;
                continue;
            };
            if self.news.is_closed() {
                return failure;
            }
            if failure.code() == Some("UNAUTHENTICATED") {
                // A token that was renewed meanwhile, as a local server's is.
                match Client::from_args(&self.args) {
                    Ok(client) if client.differs_from(&self.client) => self.client = client,
                    _ => return failure,
                }
            } else if !failure.is_passing() {
                return failure;
            }
            self.tell(News::Cut(failure.to_string())).await;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// From a snapshot to a gap, or to a failure.
    async fn round(&mut self) -> Result<(), Failure> {
        let mut streams = Streams::begin(&self.client, &cursor(&self.client).await?);
        // Changes wait in their subscriptions meanwhile; those that the snapshot holds already are told by their version.
        let snapshot = whole(self.client.clone(), self.news.clone()).await?;
        self.tell(snapshot).await;
        self.tell(News::Standing).await;
        streams.readings.turn_to(&self.sight.borrow().gpus);
        let mut looking: Option<Looking> = None;
        let mut next_look = Instant::now();
        loop {
            let begin_readings = streams.readings.begin_at;
            tokio::select! {
                told = streams.next() => match told? {
                    Told::News(news) => {
                        if matches!(*news, News::Standing) {
                            next_look = Instant::now();
                        }
                        self.tell(*news).await;
                    }
                    Told::Nothing => {}
                    Told::Gap => return Ok(()),
                },
                seen = answer(&mut looking) => {
                    looking = None;
                    // What failed is asked for again no sooner than anything else.
                    let soon = seen.is_ok() && self.sight.borrow().is_urgent;
                    next_look = Instant::now() + if soon { SETTLES } else { ASKED_EVERY };
                    self.seen(seen).await?;
                }
                changed = self.sight.changed() => {
                    if changed.is_err() {
                        return Err(Failure::OutputClosed);
                    }
                    let sight = self.sight.borrow_and_update();
                    streams.readings.turn_to(&sight.gpus);
                    if sight.is_urgent {
                        next_look = next_look.min(Instant::now() + SETTLES);
                    }
                }
                () = sleep_until(next_look), if looking.is_none() => {
                    let sight = self.sight.borrow_and_update().clone();
                    looking = Some(Box::pin(look(self.client.clone(), sight)));
                }
                () = until(begin_readings) => {
                    streams.readings.begin(&self.client);
                }
                order = self.orders.recv() => match order {
                    None => return Err(Failure::OutputClosed),
                    Some(Order::Reload) => return Ok(()),
                    Some(order) => self.carry_out(order),
                },
                Some(_) = self.work.join_next() => {}
            }
            if self.news.is_closed() {
                return Err(Failure::OutputClosed);
            }
        }
    }

    /// A failure that may pass needs no words: what is shown grows late, and that is shown.
    async fn seen(&self, seen: Result<Vec<News>, Failure>) -> Result<(), Failure> {
        match seen {
            Ok(news) => {
                for news in news {
                    self.tell(news).await;
                }
                Ok(())
            }
            Err(failure) if failure.is_passing() => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Does what a key asked for, beside everything else.
    fn carry_out(&mut self, order: Order) {
        let (client, news) = (self.client.clone(), self.news.clone());
        self.work.spawn(async move {
            let told = match order {
                Order::Inspect { id } => {
                    let facts = inspect(&client, &id).await.map_err(|failure| failure.line());
                    News::Facts { id, facts }
                }
                Order::Cancel { id, name } => {
                    let input = CancelJobInput {
                        id: cynic::Id::new(id),
                        expected_version: None,
                        reason: Some("cancelled in the terminal".to_owned()),
                    };
                    let answer = client.run(CancelJob::build(CancelVariables { input })).await;
                    let outcome = answer.map(|answer| answer.cancel_job.job.status);
                    News::Cancelled { name, outcome: outcome.map_err(|failure| failure.line()) }
                }
                Order::Reload => return,
            };
            news.send(told).await.ok();
        });
    }

    async fn tell(&self, news: News) {
        self.news.send(news).await.ok();
    }
}
