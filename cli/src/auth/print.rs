//! How answers look: as the Go program prints them, or as JSON.

use comfy_table::{Table, presets};
use venus_core::auth::{
    MinerBinding, RateLimit, SignerBinding, TokenInfo, User, UserState, format_address,
};

const RFC1123: &str = "%a, %d %b %Y %H:%M:%S UTC";

pub(super) fn token_rows(tokens: &[TokenInfo]) -> String {
    let mut text = "num\tname\t\tperm\t\tcreateTime\t\ttoken\n".to_owned();
    for (num, token) in (1..).zip(tokens) {
        let TokenInfo { token, name, perm, create_time, .. } = token;
        // A short name takes a second tabulator to reach the next column.
        let gap = if name.len() < 8 { "\t" } else { "" };
        let time = create_time.format("%Y-%m-%d %H:%M:%S");
        text += &format!("{num}\t{name}\t{gap}{perm}\t{time}\t{token}\n");
    }
    text
}

pub(super) fn token_blocks(tokens: &[TokenInfo]) -> String {
    tokens
        .iter()
        .map(|TokenInfo { token, name, perm, create_time, .. }| {
            format!(
                "name:        {name}\nperm:        {perm}\ncreate time: {}\ntoken:       {token}\n\n",
                create_time.format("%Y-%m-%d %H:%M:%S%.f +0000 UTC")
            )
        })
        .collect()
}

pub(super) fn user(user: &User) -> String {
    format!(
        "name: {}\nstate {} \t// 2: disable, 1: enable\ncomment: {}\ncreateTime: {}\nupdateTime: {}\n\n",
        user.name,
        user.state,
        user.comment,
        user.created_at().format(RFC1123),
        user.updated_at().format(RFC1123),
    )
}

pub(super) fn user_block(num: usize, user: &User, miners: &[MinerBinding]) -> String {
    let mut text = format!("number: {num}\nname: {}\nstate: {}\n", user.name, user.state);
    if !miners.is_empty() {
        let miners: Vec<_> = miners.iter().map(|bound| format_address(&bound.miner)).collect();
        text += &format!("miners: [{}]\n", miners.join(" "));
    }
    if !user.comment.is_empty() {
        text += &format!("comment: {}\n", user.comment);
    }
    let (created, updated) = (user.created_at(), user.updated_at());
    text + &format!(
        "createTime: {}\nupdateTime: {}\n\n",
        created.format(RFC1123),
        updated.format(RFC1123)
    )
}

pub(super) fn miners(user: &str, miners: &[MinerBinding]) -> String {
    let rows = miners.iter().enumerate().map(|(index, bound)| {
        vec![
            index.to_string(),
            format_address(&bound.miner),
            bound.open_mining.to_string(),
            bound.created_at.format(RFC1123).to_string(),
        ]
    });
    let head = ["idx", "miner", "openMining", "create-time"];
    format!("user: {user}, miner count:{}\n{}", miners.len(), table(&head, rows))
}

pub(super) fn signers(user: &str, signers: &[SignerBinding]) -> String {
    let rows = signers.iter().enumerate().map(|(index, bound)| {
        vec![
            index.to_string(),
            format_address(&bound.signer),
            bound.created_at.format(RFC1123).to_string(),
        ]
    });
    let head = ["idx", "signer", "create-time"];
    format!("user: {user}, signer count:{}\n{}", signers.len(), table(&head, rows))
}

/// Columns two spaces apart; nothing at all if there are no rows.
fn table(head: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) -> String {
    if rows.len() == 0 {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head.to_vec()).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    format!("{table}\n")
}

pub(super) fn limits(limits: &[RateLimit]) -> String {
    if limits.is_empty() {
        return "user have no request rate limit\n".to_owned();
    }
    limits
        .iter()
        .map(|limit| {
            let RateLimit { id, name, req_limit, .. } = limit;
            let hours = req_limit.reset_dur as f64 / 3.6e12;
            format!(
                "user:{name}, limit id:{id}, request limit amount:{}, duration:{hours:.2}(h)\n",
                req_limit.cap
            )
        })
        .collect()
}

/// Reads a state by its number or its name.
pub(super) fn state(text: &str) -> Result<UserState, String> {
    text.parse().map_err(|_| "1 or `enabled`, 2 or `disabled`".to_owned())
}
