//! The service through its client, and what the recordings do not show.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use venus_auth::{
    Auth,
    store::{AuthStore, SledStore},
};
use venus_core::auth::{
    AuthAdmin, AuthApi, AuthApiError, AuthClient, Claims, JwtSecret, NewUser, Page, Permission,
    RateLimit, RequestLimit, TokenVerifier, UserDirectory, UserState, UserUpdate, format_address,
    parse_address,
};

use crate::world::{World, config};

const SIGNER: &str = "t15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikua";

fn client(world: &World) -> AuthClient {
    AuthClient::new(&world.auth.url(), world.auth.admin_token()).unwrap()
}

/// All that services ask, of the service in process or of its client: both must be alike.
async fn ask_everything(auth: &(impl AuthApi + AuthAdmin)) {
    let alice = auth.create_user(&NewUser::enabled("alice")).await.unwrap();
    auth.create_user(&NewUser::enabled("bob")).await.unwrap();
    assert_eq!(auth.user("alice").await.unwrap(), alice);
    assert!(auth.has_user("alice").await.unwrap() && !auth.has_user("nobody").await.unwrap());
    auth.verify_users(&["alice".into(), "bob".into()]).await.unwrap();
    let error = auth.verify_users(&["alice".into(), "nobody".into()]).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("nobody"), "{error}");
    assert!(auth.user("nobody").await.unwrap_err().is_not_found());
    let taken = auth.create_user(&NewUser::enabled("alice")).await.unwrap_err();
    assert_eq!(taken, AuthApiError::Rejected("user already exists".into()));

    let claims = Claims { ext: "<x>".into(), ..Claims::new("alice", Permission::Sign) };
    let token = auth.generate_token(&claims).await.unwrap();
    assert_eq!(auth.verify(&token).await.unwrap(), claims);
    assert_eq!(auth.token(&token).await.unwrap().name, "alice");
    assert_eq!(auth.tokens_by_name("alice").await.unwrap().len(), 1);
    assert_eq!(auth.tokens(Page::default()).await.unwrap().len(), 2, "and the admin's");
    auth.remove_token(&token).await.unwrap();
    assert!(auth.verify(&token).await.unwrap_err().is_not_found());
    assert!(!auth.remove_token(&token).await.unwrap_err().is_retryable());
    auth.recover_token(&token).await.unwrap();
    assert_eq!(auth.verify(&token).await.unwrap(), claims);
    let nobody = Claims::new("nobody", Permission::Read);
    assert!(auth.generate_token(&nobody).await.is_err(), "a token needs a user");

    let (miner, signer) = (parse_address("t01000").unwrap(), parse_address(SIGNER).unwrap());
    assert!(auth.upsert_miner("alice", miner, true).await.unwrap());
    assert!(!auth.upsert_miner("bob", miner, false).await.unwrap());
    assert_eq!(auth.user_by_miner(miner).await.unwrap().name, "bob");
    assert!(auth.miner_exists_in_user("bob", miner).await.unwrap());
    assert!(!auth.miner_exists_in_user("alice", miner).await.unwrap());
    assert!(auth.has_miner(miner).await.unwrap());
    let all = auth.users_with_miners().await.unwrap();
    let bob = all.iter().find(|entry| entry.user.name == "bob").unwrap();
    assert_eq!(format_address(&bob.miners[0].miner), "f01000");
    assert!(!bob.miners[0].open_mining);
    assert!(auth.remove_miner(miner).await.unwrap() && !auth.remove_miner(miner).await.unwrap());
    assert!(auth.user_by_miner(miner).await.unwrap_err().is_not_found());

    auth.register_signers("alice", &[signer]).await.unwrap();
    auth.register_signers("bob", &[signer]).await.unwrap();
    assert_eq!(auth.users_by_signer(signer).await.unwrap().len(), 2);
    assert!(auth.signer_exists_in_user("bob", signer).await.unwrap());
    assert_eq!(auth.signers("bob").await.unwrap()[0].signer, signer);
    auth.unregister_signers("bob", &[signer]).await.unwrap();
    auth.unregister_signers("bob", &[signer]).await.unwrap();
    assert!(auth.has_signer(signer).await.unwrap());
    assert!(auth.remove_signer(signer).await.unwrap());
    assert!(auth.users_by_signer(signer).await.unwrap_err().is_not_found());
    let id = auth.register_signers("alice", &[miner]).await.unwrap_err();
    assert_eq!(id, AuthApiError::Rejected("invalid protocol type: 0".into()));

    let req_limit = RequestLimit { cap: 10, reset_dur: 60_000_000_000 };
    let mut limit = RateLimit { name: "alice".into(), req_limit, ..RateLimit::default() };
    limit.id = auth.upsert_rate_limit(&limit).await.unwrap();
    assert_eq!(auth.rate_limits("alice").await.unwrap(), [limit.clone()]);
    auth.remove_rate_limit("alice", &limit.id).await.unwrap();
    assert_eq!(auth.rate_limits("alice").await.unwrap(), []);

    let disable = UserUpdate { state: UserState::DISABLED, ..name_of("alice") };
    auth.update_user(&disable).await.unwrap();
    let refused = auth.verify(&token).await.unwrap_err();
    assert!(matches!(&refused, AuthApiError::Unauthenticated(why) if why.contains("disabled")));
    let enable = UserUpdate { state: UserState::ENABLED, ..name_of("alice") };
    auth.update_user(&enable).await.unwrap();
    auth.delete_user("alice").await.unwrap();
    assert!(auth.verify(&token).await.is_err(), "a deleted user's token is worth nothing");
    auth.recover_user("alice").await.unwrap();
    assert_eq!(auth.verify(&token).await.unwrap(), claims);
    let users = auth.users(Page { skip: 1, limit: 1 }, UserState::ENABLED).await.unwrap();
    assert_eq!(users[0].name, "bob");
}

fn name_of(name: &str) -> UserUpdate {
    UserUpdate { name: name.into(), ..UserUpdate::default() }
}

#[tokio::test]
async fn the_service_in_process_answers_everything() {
    let world = World::start(false).await;
    ask_everything(world.auth.service()).await;
}

#[tokio::test]
async fn the_client_gets_the_same_answers() {
    let world = World::start(false).await;
    ask_everything(&client(&world)).await;
}

#[tokio::test]
async fn a_client_sees_more_users_than_one_page_holds() {
    let world = World::start(false).await;
    for n in 0..1005 {
        world.auth.service().create_user(&NewUser::enabled(format!("u{n:04}"))).await.unwrap();
    }
    // And the default user.
    assert_eq!(client(&world).users_with_miners().await.unwrap().len(), 1006);
}

#[tokio::test]
async fn nobody_gets_in_without_a_token_of_this_service() {
    let world = World::start(false).await;
    let stranger = JwtSecret::random().sign(&Claims::new("defaultLocalToken", Permission::Admin));
    let stranger = AuthClient::new(&world.auth.url(), stranger).unwrap();
    let refusal = stranger.users(Page::default(), UserState::UNDEFINED).await.unwrap_err();
    assert!(matches!(refusal, AuthApiError::Unauthenticated(_)), "{refusal}");
    assert!(!refusal.is_retryable());
    for (method, path) in [("GET", "/user/list"), ("GET", "/tokens"), ("POST", "/nope")] {
        assert_eq!(world.send(method, path, &[], None).await.status, 401, "{path}");
    }
    assert_eq!(world.send("GET", "/healthcheck", &[], None).await.status, 200);
}

#[tokio::test]
async fn an_owner_cannot_undo_what_an_administrator_removed() {
    let world = World::start(false).await;
    let admin = client(&world);
    admin.create_user(&NewUser::enabled("a")).await.unwrap();
    let read = Claims::new("a", Permission::Read);
    let (first, second) =
        (admin.generate_token(&read).await.unwrap(), admin.generate_token(&read).await.unwrap());
    assert_ne!(first, second, "each token has a key of its own");
    let owner = AuthClient::new(&world.auth.url(), second).unwrap();

    owner.remove_token(&first).await.unwrap();
    owner.recover_token(&first).await.unwrap();
    admin.remove_token(&first).await.unwrap();
    assert!(owner.recover_token(&first).await.is_err());
    admin.recover_token(&first).await.unwrap();
}

#[tokio::test]
async fn a_token_whose_stored_key_was_replaced_fails_with_401() {
    let home = tempfile::tempdir().unwrap();
    let store = SledStore::open(&home.path().join("data")).unwrap();
    let auth = Auth::builder(config(home.path())).with_store(store.clone()).open().await.unwrap();
    let auth = auth.start(CancellationToken::new()).await.unwrap();
    auth.service().create_user(&NewUser::enabled("a")).await.unwrap();
    let claims = Claims::new("a", Permission::Read);
    let token = auth.service().generate_token(&claims).await.unwrap();
    let mut row = store.token(&token).await.unwrap().unwrap();
    row.secret = JwtSecret::random();
    store.put_token(row).await.unwrap();

    let client = AuthClient::new(&auth.url(), auth.admin_token()).unwrap();
    let refusal = client.verify(&token).await.unwrap_err();
    assert_eq!(refusal, AuthApiError::Unauthenticated("Verification Failed".into()));
    assert!(client.verify_token(&token).await.is_err());
}

#[tokio::test]
async fn the_home_keeps_its_token_and_one_process_at_a_time() {
    let World { auth, home } = World::start(false).await;
    let token = std::fs::read_to_string(home.path().join("token")).unwrap();
    assert_eq!(token, auth.admin_token());
    let second = Auth::builder(config(home.path())).open().await.unwrap_err();
    assert!(second.to_string().contains("another process"), "{second}");

    let taken = auth.local_addr();
    auth.service().remove_token(&token).await.unwrap();
    auth.shutdown().await.unwrap();
    std::net::TcpListener::bind(taken).unwrap();

    // The default user is there, its token was removed: only the token is made again.
    let auth = Auth::builder(config(home.path())).open().await.unwrap();
    assert_ne!(auth.admin_token(), token);
    let claims = auth.service().verify(auth.admin_token()).await.unwrap();
    assert_eq!(claims, Claims::new("defaultLocalToken", Permission::Admin));
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut config = config(home.path());
    config.listen = busy.local_addr().unwrap();
    let auth = Auth::builder(config).open().await.unwrap();
    let error = auth.start(CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains(&busy.local_addr().unwrap().to_string()), "{error}");
    assert!(!home.path().join("token").exists(), "a start that failed leaves no token file");
}

#[tokio::test]
async fn a_hung_service_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let client = AuthClient::new(&url, "t").unwrap().with_timeout(Duration::from_millis(50));
    let error = client.verify("a.b.c").await.unwrap_err();
    assert!(matches!(error, AuthApiError::Timeout { .. }) && error.is_retryable(), "{error}");

    let gone = AuthClient::new("http://127.0.0.1:1", "secret-token").unwrap();
    let error = gone.verify("a.b.c").await.unwrap_err();
    assert!(matches!(error, AuthApiError::Unreachable { .. }), "{error}");
    assert!(!format!("{gone:?} {error:?}").contains("secret-token"));
    assert!(AuthClient::new("ftp://x", "t").is_err());
    let empty = AuthClient::new("http://x", "").unwrap_err();
    assert!(empty.to_string().contains("token is empty"), "{empty}");
}
