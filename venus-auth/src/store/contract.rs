//! What every store must do, as a suite that any implementation can run.

use chrono::{DateTime, Utc};
use venus_core::auth::{JwtSecret, Page, RateLimit, RequestLimit, User, UserState, UserUpdate};
use venus_core::chain::Address;

use super::{AuthStore, Bound, StoreError, TokenRow};

type Outcome = Result<(), StoreError>;

/// Writes the tests that every [`AuthStore`](crate::store::AuthStore) must pass into a module.
///
/// The second argument makes a fresh, empty store; it may be `async` code and is called once for
/// each test.
///
/// ```
/// # fn main() {}
/// # #[cfg(test)]
/// venus_auth::auth_store_contract!(sled, venus_auth::store::SledStore::open(tempfile::tempdir().unwrap().path()).unwrap());
/// ```
#[macro_export]
macro_rules! auth_store_contract {
    ($name:ident, $store:expr) => {
        mod $name {
            $crate::auth_store_contract!(@tests $store;
                tokens_are_found_listed_and_removed, users_live_die_and_return,
                a_deleted_user_loses_its_bindings, a_miner_has_one_user,
                a_signer_has_many_users, limits_belong_to_users, keys_do_not_run_together);
        }
    };
    (@tests $store:expr; $($test:ident),*) => {
        $(#[tokio::test]
        async fn $test() {
            let store = $store;
            $crate::store::$test(&store).await.unwrap();
        })*
    };
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap_or_default()
}

fn user(name: &str) -> User {
    User {
        id: format!("id of {name}"),
        name: name.to_owned(),
        comment: String::new(),
        state: UserState::ENABLED,
        create_time: at(0).timestamp(),
        update_time: at(0).timestamp(),
    }
}

fn token(name: &str, token: &str) -> TokenRow {
    TokenRow {
        token: token.to_owned(),
        name: name.to_owned(),
        perm: "read".to_owned(),
        extra: "e".to_owned(),
        secret: JwtSecret::random(),
        create_time: at(1),
        removed_by: None,
    }
}

async fn with_users(store: &impl AuthStore, names: &[&str]) -> Outcome {
    for name in names {
        assert!(store.insert_user(user(name)).await?, "{name} is new");
    }
    Ok(())
}

fn key(seed: &[u8]) -> Address {
    fvm_shared::address::Address::new_actor(seed).into()
}

const ALL: Page = Page { skip: 0, limit: 0 };

/// Tokens are found whole, listed in order, and removed and recovered once each.
pub async fn tokens_are_found_listed_and_removed(store: &impl AuthStore) -> Outcome {
    let (b, a, c) = (token("u", "b"), token("u", "a"), token("v", "c"));
    for row in [&b, &a, &c] {
        store.put_token(row.clone()).await?;
    }
    assert_eq!(store.token("b").await?, Some(b.clone()), "with secret, time and extra text");
    assert_eq!(store.token("B").await?, None, "letter case matters");
    assert_eq!(store.token("b ").await?, None, "so do spaces");
    assert_eq!(store.tokens(ALL).await?, [a.clone(), b.clone(), c.clone()]);
    assert_eq!(store.tokens(Page { skip: 1, limit: 1 }).await?, std::slice::from_ref(&b));
    assert_eq!(store.tokens_by_name("u").await?, [a.clone(), b.clone()]);

    assert!(store.set_token_removed("a", Some("u")).await?);
    assert!(!store.set_token_removed("a", Some("v")).await?, "removed already");
    assert!(!store.set_token_removed("x", Some("v")).await?, "never there");
    assert_eq!(store.token("a").await?.and_then(|row| row.removed_by).as_deref(), Some("u"));
    assert_eq!(store.tokens(Page { skip: 0, limit: 1 }).await?, std::slice::from_ref(&b));
    assert_eq!(store.tokens_by_name("u").await?, [b]);
    assert!(store.set_token_removed("a", None).await?);
    assert!(!store.set_token_removed("a", None).await?, "not removed");
    assert_eq!(store.token("a").await?, Some(a));
    Ok(())
}

/// A name is taken while its user lives; filters and pages apply to the living.
pub async fn users_live_die_and_return(store: &impl AuthStore) -> Outcome {
    with_users(store, &["b", "a", "c"]).await?;
    assert!(!store.insert_user(user("a")).await?, "taken");
    let disable = UserUpdate { name: "b".into(), comment: None, state: UserState::DISABLED };
    assert!(store.update_user(&disable, at(5)).await?);
    let comment =
        UserUpdate { name: "b".into(), comment: Some("x".into()), state: UserState::UNDEFINED };
    assert!(store.update_user(&comment, at(6)).await?);
    let b = store.user("b").await?.map(|row| row.user);
    let expected = User {
        comment: "x".into(),
        state: UserState::DISABLED,
        update_time: at(6).timestamp(),
        ..user("b")
    };
    assert_eq!(b, Some(expected.clone()));
    assert_eq!(store.users(ALL, UserState::DISABLED).await?, std::slice::from_ref(&expected));
    assert_eq!(store.users(Page { skip: 1, limit: 1 }, UserState::UNDEFINED).await?, [expected]);

    assert!(store.delete_user("a", at(7)).await?);
    assert!(!store.delete_user("a", at(7)).await?, "deleted already");
    assert!(!store.delete_user("x", at(7)).await?, "never there");
    assert!(store.user("a").await?.is_some_and(|row| row.deleted));
    let update = UserUpdate { name: "a".into(), ..disable };
    assert!(!store.update_user(&update, at(8)).await?, "the deleted do not change");
    assert_eq!(store.users(ALL, UserState::UNDEFINED).await?.len(), 2);
    assert!(store.recover_user("a", at(9)).await?);
    assert!(!store.recover_user("a", at(9)).await?, "alive");
    assert_eq!(store.user("a").await?.map(|row| row.user.id), Some(user("a").id));

    assert!(store.delete_user("a", at(10)).await?);
    let again = User { id: "new".into(), ..user("a") };
    assert!(store.insert_user(again.clone()).await?, "the name is free again");
    assert_eq!(store.user("a").await?.map(|row| row.user), Some(again));
    Ok(())
}

/// Deleting a user unbinds all that it had, and nothing that others have.
pub async fn a_deleted_user_loses_its_bindings(store: &impl AuthStore) -> Outcome {
    with_users(store, &["a", "b"]).await?;
    let (own, foreign, shared) = (Address::id(1), Address::id(2), key(b"s"));
    store.bind_miner("a", own, true, at(1)).await?;
    store.bind_miner("b", foreign, true, at(1)).await?;
    store.bind_signer("a", shared, at(1)).await?;
    store.bind_signer("b", shared, at(1)).await?;
    assert!(store.delete_user("a", at(2)).await?);
    assert_eq!(store.miner(own).await?, None);
    assert!(store.miner(foreign).await?.is_some());
    assert_eq!(store.users_of_signer(shared).await?, ["b"]);
    assert_eq!(store.bind_miner("a", own, true, at(3)).await?, Bound::NoUser);
    assert_eq!(store.bind_signer("a", shared, at(3)).await?, Bound::NoUser);

    assert!(store.recover_user("a", at(4)).await?);
    assert_eq!(store.miners("a").await?, []);
    assert_eq!(store.signers("a").await?, []);
    Ok(())
}

/// Binding a miner again moves it and keeps the time of its first binding.
pub async fn a_miner_has_one_user(store: &impl AuthStore) -> Outcome {
    with_users(store, &["a", "b"]).await?;
    let (miner, other) = (Address::id(1000), Address::id(5));
    assert_eq!(store.bind_miner("a", miner, true, at(1)).await?, Bound::Created);
    assert_eq!(store.bind_miner("x", other, true, at(1)).await?, Bound::NoUser);
    assert_eq!(store.bind_miner("b", other, false, at(1)).await?, Bound::Created);
    assert_eq!(store.bind_miner("b", miner, false, at(2)).await?, Bound::Updated);
    assert_eq!(store.miners("a").await?, []);
    let miners = store.miners("b").await?;
    assert_eq!(miners.iter().map(|bound| bound.miner).collect::<Vec<_>>(), [miner, other]);
    let moved = store.miner(miner).await?;
    let times = moved.as_ref().map(|bound| (bound.created_at, bound.updated_at));
    assert_eq!(times, Some((at(1), at(2))));
    assert_eq!(moved.map(|bound| (bound.user, bound.open_mining)), Some(("b".into(), false)));

    assert!(store.unbind_miner(miner, at(3)).await?);
    assert!(!store.unbind_miner(miner, at(3)).await?);
    assert_eq!(store.miners("b").await?.len(), 1);
    assert_eq!(store.bind_miner("a", miner, true, at(4)).await?, Bound::Created);
    assert_eq!(store.miner(miner).await?.map(|bound| bound.created_at), Some(at(1)));
    Ok(())
}

/// A signer may be bound to many, is unbound from one or from all.
pub async fn a_signer_has_many_users(store: &impl AuthStore) -> Outcome {
    with_users(store, &["a", "b"]).await?;
    let (signer, other) = (key(b"1"), key(b"2"));
    assert_eq!(store.bind_signer("a", signer, at(1)).await?, Bound::Created);
    assert_eq!(store.bind_signer("a", signer, at(2)).await?, Bound::Updated);
    assert_eq!(store.bind_signer("b", signer, at(2)).await?, Bound::Created);
    assert_eq!(store.bind_signer("x", signer, at(2)).await?, Bound::NoUser);
    store.bind_signer("b", other, at(2)).await?;
    assert_eq!(store.users_of_signer(signer).await?, ["a", "b"]);
    let bound = store.signers("a").await?;
    assert_eq!(bound.len(), 1);
    assert_eq!((bound[0].signer, bound[0].created_at), (signer, at(1)));

    assert!(store.unbind_signer(Some("a"), signer, at(3)).await?);
    assert!(!store.unbind_signer(Some("a"), signer, at(3)).await?);
    assert_eq!(store.users_of_signer(signer).await?, ["b"]);
    store.bind_signer("a", signer, at(3)).await?;
    assert!(store.unbind_signer(None, signer, at(4)).await?, "from all");
    assert!(!store.unbind_signer(None, signer, at(4)).await?);
    assert_eq!(store.users_of_signer(signer).await?, [""; 0]);
    assert_eq!(store.signers("b").await?.len(), 1, "the other stays");
    Ok(())
}

/// An id belongs to the user that used it first; removing one leaves the others.
pub async fn limits_belong_to_users(store: &impl AuthStore) -> Outcome {
    let limit = |id: &str, name: &str, cap| RateLimit {
        id: id.into(),
        name: name.into(),
        req_limit: RequestLimit { cap, reset_dur: 1_000 },
        ..RateLimit::default()
    };
    assert!(store.put_limit(limit("2", "a", 1)).await?);
    assert!(store.put_limit(limit("1", "a", 1)).await?);
    assert!(!store.put_limit(limit("1", "b", 9)).await?, "belongs to a");
    assert!(store.put_limit(limit("1", "a", 5)).await?, "overwrites");
    assert_eq!(store.limits("a").await?, [limit("1", "a", 5), limit("2", "a", 1)]);
    assert!(!store.remove_limit("b", "1").await?);
    assert!(store.remove_limit("a", "1").await?);
    assert!(!store.remove_limit("a", "1").await?);
    assert_eq!(store.limits("a").await?, [limit("2", "a", 1)]);
    Ok(())
}

/// Names that begin with one another, or hold odd characters, stay apart.
pub async fn keys_do_not_run_together(store: &impl AuthStore) -> Outcome {
    let mut names = vec!["a", "ab", "a:", "矿"];
    with_users(store, &names).await?;
    // Databases with a collation take these for `a`.
    for odd in ["a\0", "A", "a "] {
        assert_eq!(store.user(odd).await?, None, "{odd:?}");
        if store.insert_user(user(odd)).await? {
            names.push(odd);
        }
    }
    for (id, name) in (0..).zip(names.iter().copied()) {
        store.bind_miner(name, Address::id(id), true, at(1)).await?;
        store.put_token(token(name, &format!("t{id}"))).await?;
    }
    for name in names {
        assert_eq!(store.miners(name).await?.len(), 1, "{name:?}");
        assert_eq!(store.tokens_by_name(name).await?.len(), 1, "{name:?}");
    }
    Ok(())
}
