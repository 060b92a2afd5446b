//! Chain messages from key to signature, and tokens: `wallet.md` 17.3, 17.4 and 17.6.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use venus_core::{
    Address, Message, MsgMeta, Purpose, Signature, SignatureType, SignedMessage, Signer,
    TokenAmount,
    auth::{JwtSecret, Permission},
    crypto::{KeyKind, PrivateKey, signing_bytes, verify},
};
use venus_wallet::{Wallet, WalletConfig, WalletTokens};

const SECP: &str = "2a2a2a2a2a2a2a2a5fbf0ed0f8364c01ff27540ecd6669ff4cc548cbe60ef5ab";
const BLS: &str = "33ff38fa8c1c53c3ef1b2f811cee9ce4f7ec2ce90b16ceeb9675dc6aa3d04817";
const DELEGATED: &str = "33ff38fa8c1c53c3ef1b2f811cee9ce4f7ec2ce90b16ceeb9675dc6aa3d04821";
const INVOKE_CONTRACT: u64 = 3_844_450_837;

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn key(kind: KeyKind, secret: &str) -> PrivateKey {
    PrivateKey::from_bytes(kind, &bytes(secret)).unwrap()
}

async fn wallet(home: &std::path::Path) -> Wallet {
    let config = WalletConfig { scrypt_log_n: 4, ..WalletConfig::default() };
    let wallet = Wallet::open(home, config).unwrap();
    wallet.set_password("password").await.unwrap();
    wallet
}

/// Signs with the key itself and through a wallet that holds it.
async fn signed(key: &PrivateKey, message: &Message, chain_id: u64) -> String {
    let home = tempfile::tempdir().unwrap();
    let wallet = wallet(home.path()).await;
    wallet.import(&key.to_info()).await.unwrap();
    let to_sign = signing_bytes(message, chain_id).unwrap();
    let meta = MsgMeta::message(message);
    let signature = wallet.sign(key.address(), &to_sign, meta).await.unwrap();
    assert_eq!(signature, key.sign(&to_sign).unwrap(), "the wallet adds nothing");
    verify(&signature, &to_sign, key.address()).unwrap();
    hex::encode(&*signature.data)
}

/// Message C, from Zondax.
fn c() -> (PrivateKey, Message) {
    let key =
        key(KeyKind::Secp256k1, "f15716d3b003b304b8055d9cc62e6b9c869d56cc930c3858d4d7c31f5f53f14a");
    let to = "t17uoq6tp427uzv7fztkbsnn64iwotfrristwpryy".parse().unwrap();
    let message = Message {
        nonce: 1,
        gas_limit: 25_000,
        gas_fee_cap: TokenAmount::from_atto(1),
        gas_premium: TokenAmount::from_atto(1),
        ..Message::transfer(key.address(), to, TokenAmount::from_atto(100_000))
    };
    (key, message)
}

#[tokio::test]
async fn a_secp_message_of_zondax() {
    let (key, message) = c();
    assert_eq!(key.address().to_string(), "f1d2xrzcslx7xlbbylc5c3d5lvandqw4iwl6epxba");
    assert_eq!(
        hex::encode(message.cbor()),
        "8a005501fd1d0f4dfcd7e99afcb99a8326b7dc459d32c62855011eaf1c8a4bbfeeb0870b1745b1f57503470b71160144000186a01961a84200014200010040"
    );
    let cid = message.cid();
    assert_eq!(cid.to_string(), "bafy2bzaceduq6pnkpz7xhs6d24epnu47hjpn3oucoq3xnkc4g5b7hgcdw4now");
    assert_eq!(
        hex::encode(venus_core::blake2b_256(&cid.to_bytes())),
        "4414bd5c8a97e714b53d7590bed6aecdc7f5e4c0622c45ab98025b882422e643"
    );
    assert_eq!(
        signed(&key, &message, 314).await,
        "9c5b9323b331117a934344269904e6a9b52c3597c715794d8f3facbac5439009354ab4427492b1955659acce2f52d54149882d3087a280d7e9a9d2862058685900"
    );
}

#[test]
fn a_signed_secp_message_has_a_cid_of_its_own() {
    let (_, mut message) = c();
    message.gas_limit = 2_500_000;
    let data = STANDARD
        .decode("0wRrFJZFIVh8m0JD+f5C55YrxD6YAWtCXWYihrPTKdMfgMhYAy86MVhs43hSLXnV+47UReRIe8qFdHRJqFlreAE=")
        .unwrap();
    let signature = Signature { kind: SignatureType::Secp256k1, data: data.into() };
    let signed = SignedMessage { message, signature };
    assert_eq!(
        signed.cid().to_string(),
        "bafy2bzacebaiinljwwctblf7czp4zxwhz4747z6tpricgn5cumd4xhebftcvu"
    );
}

#[tokio::test]
async fn a_secp_message_with_parameters() {
    let key = key(KeyKind::Secp256k1, SECP);
    let message = Message {
        nonce: 7,
        gas_limit: 2_000_000,
        gas_fee_cap: TokenAmount::from_atto(1500),
        gas_premium: TokenAmount::from_atto(100),
        ..Message::call(
            key.address(),
            Address::id(1001),
            TokenAmount::from_fil(1),
            16,
            bytes("814a00056bc75e2d63100000").into(),
        )
    };
    assert_eq!(
        hex::encode(message.cbor()),
        "8a004300e9075501fc58e91d12bbaa54aa2ebe8cf8e0147b2405e71a0749000de0b6b3a76400001a001e8480430005dc420064104c814a00056bc75e2d63100000"
    );
    assert_eq!(
        hex::encode(message.cid().to_bytes()),
        "0171a0e4022037d27601439092ef8d103c68ec530a26de03cf56380f1ad61f4d2eabb7c113af"
    );
    assert_eq!(
        message.cid().to_string(),
        "bafy2bzacea35e5qbioijf34nca6gr3ctbitn4a6pky4a6gwwd5gs5k5xyej26"
    );
    assert_eq!(
        signed(&key, &message, 314).await,
        "134c9b47f5e5de0e86e2ddabac8681d887fecb4422367b506ce5fa7d24797ae35d71854e4f297f908a20e06618574d73999b276c0a9901cc720086754f45fca701"
    );
}

#[tokio::test]
async fn a_delegated_message_to_an_id_with_parameters() {
    let key = key(KeyKind::Delegated, DELEGATED);
    let fee = TokenAmount::from_atto(60_000);
    let params = "5824f8b2cb4f000000000000000000000000ff00000000000000000000000000000000000064";
    let message = Message {
        nonce: 0,
        gas_limit: 60_000,
        gas_fee_cap: fee.clone(),
        gas_premium: fee,
        ..Message::call(
            key.address(),
            Address::id(1004),
            TokenAmount::zero(),
            INVOKE_CONTRACT,
            bytes(params).into(),
        )
    };
    assert_eq!(
        hex::encode(message.cbor()),
        format!(
            "8a004300ec0756040a6e7cef838eb08d6def3acd6579d0bee01d75b04d004019ea604300ea604300ea601ae525aa155826{params}"
        )
    );
    assert_eq!(
        hex::encode(signing_bytes(&message, 314_159).unwrap()),
        "02f84a8304cb2f8082ea6082ea6082ea6094ff000000000000000000000000000000000003ec80a4f8b2cb4f000000000000000000000000ff00000000000000000000000000000000000064c0"
    );
    assert_eq!(
        signed(&key, &message, 314_159).await,
        "b029b4bd7d10f1b7953d43e5f4686b75c788d4f2856d73d6d46ff7fa4d943b1f204f7626dabf23f7d17bdcd60b8b22108fe17860c0f0fdd54589c319057209ef01"
    );
}

#[tokio::test]
async fn a_gateway_s_challenge_is_the_hash_of_both_sides_randomness() {
    let to_sign = Sha256::new().chain_update([0x11; 32]).chain_update([0x22; 32]).finalize();
    assert_eq!(
        hex::encode(to_sign),
        "5189c77d29fe5d546a045ec46986852785fea5c13ac7da9c115ff5fb6edf817c"
    );
    let home = tempfile::tempdir().unwrap();
    let wallet = wallet(home.path()).await;
    let meta =
        MsgMeta { extra: [0x11; 32].to_vec().into(), ..MsgMeta::new(Purpose::VerifyAddress) };
    for (key, expected) in [
        (
            key(KeyKind::Bls, BLS),
            "b6baabb9c39b0d8a526bb712f9036e7fc5c534b39730df980aa2f9ef9f09926bbb161e538a110728ed70a8bc4617eb370e83143bce7de3c661747e7419e16daa89af1c299cd681573aaabab509f94a566775ab61c76fd916938a42e95cdd07ba",
        ),
        (
            key(KeyKind::Secp256k1, SECP),
            "92167498dbe598fd2d78461bd62d8428efd23ca5db680b969e10d2a900218b2e6cbe3c167e868a2a12472a8b8467ef1d90ad7981d63544407ce7e2ed9db329a200",
        ),
    ] {
        let signature = key.sign(&to_sign).unwrap();
        assert_eq!(hex::encode(&*signature.data), expected);
        // This wallet has other random bytes: it is not its challenge.
        let signer = wallet.import(&key.to_info()).await.unwrap();
        let refused = wallet.sign(signer, &to_sign, meta.clone()).await.unwrap_err();
        assert!(refused.to_string().contains("sign data not match"), "{refused}");
    }
}

/// Type, what is shown, and what is signed of it.
#[tokio::test]
async fn what_market_programs_have_signed_is_what_they_show() {
    let ask = "a8654d696e65724300e807655072696365430001f4655365714e6f036645787069727918c86954696d657374616d7018646c4d6178506965636553697a651b00000008000000006c4d696e506965636553697a651901006d5665726966696564507269636540";
    let deal = "8bd82a5828000181e2039220204242424242424242424242424242424242424242424242424242424242424242190800f45501fc58e91d12bbaa54aa2ebe8cf8e0147b2405e71a4300e807656c6162656c0a14420001420002420003";
    let voucher = "8b5502e004981c649895f446556374ff25f4b35d4ca6f4000040f60101430027100080";
    let voucher_signature = "584201510ffddad5fb3273b4cb45481e4390403e1075ac3b95b75aaf0eec1c71338358227e3807b847ff872061fda600588eb821840e0976026e81359fcc57e56ce19200";
    let client_deal = format!("82{deal}584201{}", "00".repeat(65));
    let home = tempfile::tempdir().unwrap();
    let wallet = wallet(home.path()).await;
    let key = key(KeyKind::Secp256k1, SECP);
    let signer = wallet.import(&key.to_info()).await.unwrap();
    for (purpose, shown, signed) in [
        ("dealproposal", deal.to_owned(), deal.to_owned()),
        (
            "clientdeal",
            client_deal,
            "017112200705a0375b58ee627aed422009c9d23ea75c2cc9a85e3a9787d99a1c75841167".to_owned(),
        ),
        ("storageask", ask.to_owned(), ask.to_owned()),
        ("signedvoucher", format!("{voucher}{voucher_signature}"), format!("{voucher}f6")),
    ] {
        let meta = MsgMeta::new(Purpose::from(purpose));
        let signature = wallet.sign(signer, &bytes(&shown), meta).await.unwrap();
        assert_eq!(signature, key.sign(&bytes(&signed)).unwrap(), "{purpose}");
    }
    let signature = key.sign(&bytes(deal)).unwrap();
    assert_eq!(
        hex::encode(&*signature.data),
        "c63ed2489af8df20e965fc5a4dfc1debfee3d13b070625c6ec1bca24f9d1bb9f55d42488a94eb4a81b2172767a6f3fdcf8aa671609a77a1f3a4840ce3e379cfa01"
    );
    // The voucher of Zondax carries the signature of its sender over the same bytes.
    let data = bytes(voucher_signature.strip_prefix("584201").unwrap()).into();
    let signature = Signature { kind: SignatureType::Secp256k1, data };
    let sender = "t1d2xrzcslx7xlbbylc5c3d5lvandqw4iwl6epxba".parse().unwrap();
    verify(&signature, &bytes(&format!("{voucher}f6")), sender).unwrap();
}

/// Secret and tokens of the Go wallet's sample configuration, which are public.
#[test]
fn tokens_are_those_of_the_go_wallet() {
    let secret = "7c40ce66a492e35ac828e8333a5703e38b23add87f29bd8fc7343989e08b3458";
    let tokens = WalletTokens::new(JwtSecret::from_hex(secret).unwrap());
    let [read, write, sign, admin] =
        [Permission::Read, Permission::Write, Permission::Sign, Permission::Admin];
    for (allowed, token) in [
        (
            &[read, write, sign, admin][..],
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJBbGxvdyI6WyJyZWFkIiwid3JpdGUiLCJzaWduIiwiYWRtaW4iXX0.q3xz5oucOoT3xwMTct8pWMBrvhi_gizOz6QBgK-nOwc",
        ),
        (
            &[read, write, sign],
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJBbGxvdyI6WyJyZWFkIiwid3JpdGUiLCJzaWduIl19.O5ybPOBqa-VDxTbQHNE0oYoPg8TPoTTk8Wk-6n1LSp8",
        ),
        (
            &[read],
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJBbGxvdyI6WyJyZWFkIl19.u5zGGDOrJn3ZkdMPUq-ku_amUg3BPRTGa89pkW54v0Y",
        ),
    ] {
        assert_eq!(tokens.make(allowed), token);
        assert_eq!(tokens.check(token).unwrap(), allowed);
        assert!(hex::encode(token).starts_with("65794a68"), "as the configuration has it");
    }
    let answer = "ZXlKaGJHY2lPaUpJVXpJMU5pSXNJblI1Y0NJNklrcFhWQ0o5LmV5SkJiR3h2ZHlJNld5SnlaV0ZrSWwxOS51NXpHR0RPckpuM1prZE1QVXEta3VfYW1VZzNCUFJUR2E4OXBrVzU0djBZ";
    assert_eq!(STANDARD.encode(tokens.make(&[read])), answer);
}
