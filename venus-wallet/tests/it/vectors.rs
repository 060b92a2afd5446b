//! Keys, addresses and signatures as the Go wallet makes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use venus_core::{
    Address, BlockHeader, Message, MsgMeta, Purpose, SignError, Signer, TokenAmount,
    crypto::{self, KeyKind, PrivateKey, signing_bytes},
};
use venus_wallet::{Wallet, WalletConfig};

const SECP: &str = "2a2a2a2a2a2a2a2a5fbf0ed0f8364c01ff27540ecd6669ff4cc548cbe60ef5ab";
const BLS: &str = "33ff38fa8c1c53c3ef1b2f811cee9ce4f7ec2ce90b16ceeb9675dc6aa3d04817";
const DELEGATED: &str = "33ff38fa8c1c53c3ef1b2f811cee9ce4f7ec2ce90b16ceeb9675dc6aa3d04821";

fn key(kind: KeyKind, secret: &str) -> PrivateKey {
    PrivateKey::from_bytes(kind, &hex::decode(secret).unwrap()).unwrap()
}

#[test]
fn keys_have_the_addresses_of_the_original() {
    for (kind, secret, address) in [
        (KeyKind::Secp256k1, SECP, "f17rmoshisxovfjkrox2gpryaupmsalzy2tlaluiq"),
        (
            KeyKind::Bls,
            BLS,
            "f3tho7tbdrw3xuy6ybz6p5tfc7nsqqa2ozhsrnmhwynrb3keeaeywe3felidbpgvy2wcxktmxcezlpz7pbu5pq",
        ),
        (KeyKind::Delegated, DELEGATED, "f410fnz6o7a4owcgw33z2zvsxtuf64aoxlmcn4dh5hzy"),
    ] {
        assert_eq!(key(kind, secret).address().to_string(), address);
    }
    for bad in [vec![], vec![0; 32], vec![0xff; 32], vec![1; 31], vec![1; 33]] {
        for kind in [KeyKind::Secp256k1, KeyKind::Bls, KeyKind::Delegated] {
            assert!(PrivateKey::from_bytes(kind, &bad).is_err(), "{kind} {bad:?}");
        }
    }
}

#[test]
fn raw_signatures_are_those_of_the_original() {
    for (kind, secret, expected) in [
        (
            KeyKind::Bls,
            BLS,
            "828e485cf906ae5deda33ec3e16b2a5ac761ab5a6109f481134a4dd40d7b5c3b03d187f614c7dd85d142ff50b902bdf50923f58b5bb741b4a522bf17f8efe5cf3f8f51715cd31a765eb5e5d76889102752d2cc2efa4287829cacb4de2be07cf7",
        ),
        (
            KeyKind::Secp256k1,
            SECP,
            "4c49bacbd5a1e9734595d77a7ae8909ae35859e182344c0f1c081d8fdc6749302d50ae81d0d80c9c4be9cf3071bf7b0c465a19aea1023b21239b8bbdffd0ca8d01",
        ),
        (
            KeyKind::Delegated,
            DELEGATED,
            "e8f6ad5958dde03013e45fc77f71238cd0013af0d05ec5569007f70ffa7d2453007e7a581dcdf6d9f8e89846de210b74b188d8e1d2629f2d351e9e92f08be29600",
        ),
    ] {
        let key = key(kind, secret);
        let signature = key.sign(b"hello filecoin").unwrap();
        assert_eq!(hex::encode(&*signature.data), expected, "{kind}");
        crypto::verify(&signature, b"hello filecoin", key.address()).unwrap();
        crypto::verify(&signature, b"hello filecoin!", key.address()).unwrap_err();
    }
}

fn from_base64(kind: KeyKind, secret: &str) -> PrivateKey {
    PrivateKey::from_bytes(kind, &STANDARD.decode(secret).unwrap()).unwrap()
}

#[test]
fn a_chain_message_has_the_cid_and_signature_of_the_original() {
    let key = from_base64(KeyKind::Bls, "pyBOAP9camcZANKedHE+oaqPgtsOd/qBvOAO1YfvLVY=");
    let message = Message {
        nonce: 55,
        gas_limit: 1_000_000,
        gas_fee_cap: TokenAmount::from_atto(100),
        gas_premium: TokenAmount::from_atto(1),
        ..Message::transfer(key.address(), Address::id(99_999), TokenAmount::from_atto(1))
    };
    assert_eq!(
        hex::encode(message.cbor()),
        "8a0044009f8d06583103938c9a503bf9a33d4e95aaee1401933dae469743b1a1e937e67a7fa175cc37cce4a5eb90e4ea9a1e36c0035891518f3d18374200011a000f42404200644200010040"
    );
    assert_eq!(
        message.cid().to_string(),
        "bafy2bzacedhl5cowfmp7hq2ke3irf7indry55px44cbbjthazwvpm7ktf676w"
    );
    let signature = key.sign(&signing_bytes(&message, 314).unwrap()).unwrap();
    assert_eq!(
        STANDARD.encode(&*signature.data),
        "sYHUj6N7Cb86A8pTPyaB82zdeemyHd+tZU4Vdsm6bz2GlaeLC5tsc3SX1Q7Fr5pRA5gXhcx4ID+vDqDVO7ZAnToKaWeZ2Wr28S+b4tGWOwqYHx8jkkvklyyNJ5wK4bq+"
    );
}

#[test]
fn a_delegated_message_is_signed_as_an_ethereum_transaction() {
    let key = key(KeyKind::Delegated, DELEGATED);
    let message = Message {
        nonce: 3,
        gas_limit: 21_000,
        gas_fee_cap: TokenAmount::from_atto(20_000_000_000u64),
        gas_premium: TokenAmount::from_atto(5_000_000_000u64),
        ..Message::call(
            key.address(),
            "f410ffod5ds2ztpbkmbw3tiawt7hms2xqjlj24hsejuq".parse().unwrap(),
            TokenAmount::from_fil(1),
            3_844_450_837,
            Default::default(),
        )
    };
    assert_eq!(
        message.cid().to_string(),
        "bafy2bzacebm65arfesuadpo2wamwqgo3n5g7ukd5wiplytxumzfaszr26k6ng"
    );
    let bytes = signing_bytes(&message, 314).unwrap();
    assert_eq!(
        hex::encode(&bytes),
        "02f382013a0385012a05f2008504a817c800825208942b87d1cb599bc2a606db9a0169fcec96af04ad3a880de0b6b3a764000080c0"
    );
    assert_eq!(
        hex::encode(&*key.sign(&bytes).unwrap().data),
        "3b30fa33b4462d0813f407978322f7a2801206a420b76a1a150e0727c0ee8d0b2a589e248444d606fee2e82966d0766b1af005086f4cbf97e943a5b75010a10100"
    );
}

/// What a wallet signs is what was shown to it, not what the caller says it is.
#[tokio::test]
async fn a_message_that_was_not_shown_is_not_signed() {
    let home = tempfile::tempdir().unwrap();
    let config = WalletConfig { scrypt_log_n: 4, ..WalletConfig::default() };
    let wallet = Wallet::open(home.path(), config).unwrap();
    wallet.set_password("password").await.unwrap();
    let sender = wallet.import(&key(KeyKind::Bls, BLS).to_info()).await.unwrap();
    let shown = Message::transfer(sender, Address::id(1), TokenAmount::from_atto(1));
    let hidden = Message::transfer(sender, Address::id(2), TokenAmount::from_fil(1_000));

    let meta = MsgMeta::message(&shown);
    wallet.sign(sender, &shown.cid().to_bytes(), meta.clone()).await.unwrap();
    let refused = wallet.sign(sender, &hidden.cid().to_bytes(), meta.clone()).await.unwrap_err();
    assert!(matches!(refused, SignError::Denied { .. }), "{refused}");

    let other = wallet.new_key(KeyKind::Bls).await.unwrap();
    let refused = wallet.sign(other, &shown.cid().to_bytes(), meta).await.unwrap_err();
    assert!(refused.to_string().contains("is not msg sender"), "{refused}");
    let junk = MsgMeta::new(Purpose::Block);
    let refused = wallet.sign(sender, b"junk", junk).await.unwrap_err();
    assert!(!refused.is_retryable(), "{refused}");
}

#[tokio::test]
async fn a_lottery_draw_is_signed_by_its_digest() {
    let home = tempfile::tempdir().unwrap();
    let config = WalletConfig { scrypt_log_n: 4, ..WalletConfig::default() };
    let wallet = Wallet::open(home.path(), config).unwrap();
    wallet.set_password("password").await.unwrap();
    let signer = wallet.import(&key(KeyKind::Bls, BLS).to_info()).await.unwrap();
    let draw = hex::decode("a46552626173655820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f64506572730265526f756e641a0001e24067456e74726f7079444300e807").unwrap();
    let meta = MsgMeta::new(Purpose::DrawRandomParam);
    let signature = wallet.sign(signer, &draw, meta).await.unwrap();
    assert_eq!(
        hex::encode(&*signature.data),
        "8fc1bd98b0e36c1a050fb41686fedca52c6e882885336543d98bda0676a81d64f7a9ac34b9912339285759453616c0bc136e6911f393e906418b3a7d703502cf0154361fe604ff5dbb5eb7f5702cbc1c1fb40f6b554ea17dc7efe7f920bd76df"
    );
}

/// A block is signed over its header without the signature, whatever stands there.
#[test]
fn a_block_header_is_that_of_the_recording() {
    let bytes = hex::decode("904300e80781586082cb7477a801f55c1f2ea5e5d1167661feea60a39f697e1099af132682b81cc5047beacf5b6e80d5f52b9fd90323fb8510a5396416dd076c13c85619e176558582744053a3faef6764829aa02132a1571a76aabdc498a638ea0054d3bb57f41d82015860812d2396cc4592cdf7f829374b01ffd03c5469a4b0a9acc5ccc642797aa0a5498b97b28d90820fedc6f79ff0a6005f5c15dbaca3b8a45720af7ed53000555667207a0ccb50073cd24510995abd4c4e45c1e9e114905018b2da9454190499941e818201582012dd0a6a7d0e222a97926da03adb5a7768d31cc7c5c2bd6828e14a7d25fa3a608182004b76616c69642070726f6f6681d82a5827000171a0e4022030f89a8b0373ad69079dbcbc5addfe9b34dce932189786e50d3eb432ede3ba9c43000f0001d82a5827000171a0e4022052238c7d15c100c1b9ebf849541810c9e3c2d86e826512c6c416d2318fcd496dd82a5827000171a0e40220e5658b3d18cd06e1db9015b4b0ec55c123a24d5be1ea24d83938c5b8397b4f2fd82a5827000171a0e4022018d351341c302a21786b585708c9873565a0d07c42521d4aaf52da3ff6f2e461586102c000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001a5f2c5439586102b5cd48724dce0fec8799d77fd6c5113276e7f470c8391faa0b5a6033a3eaf357d635705c36abe10309d73592727289680515afd9d424793ba4796b052682d21b03c5c8a37d94827fecc59cdc5750e198fdf20dee012f4d627c6665132298ab95004500053724e0").unwrap();
    let header: BlockHeader = venus_core::from_cbor(&bytes).unwrap();
    assert_eq!(header.cbor(), bytes);
    assert_eq!(
        header.cid().to_string(),
        "bafy2bzacecv2dnse37l6p2xwhqaq63txtme7hc7ajkgawuswyzqftgdmuhrfs"
    );
    let signing = header.signing_bytes();
    assert_eq!(signing.len(), 546);
    assert_eq!(
        hex::encode(venus_core::blake2b_256(&signing)),
        "c4f3ec2ab0a30770bf144e7c6c68c129f76cfd0453508c04712d2f5454a7c6b4"
    );
    let parent = "bafy2bzaceayprgulanz222ihtw6lyww572ntjxhjgimjpbxfbu7limxn4o5jy";
    assert_eq!(header.parents[0].to_string(), parent);
    let signed = key(KeyKind::Bls, BLS).sign(&signing).unwrap();
    assert_eq!(
        hex::encode(&*signed.data),
        "aa0878af20b049ad6d598b7eb4e5e71c044469db666427aef8f3235592eeff34036bd253028408fb3696eaad9b95959c15dd9baec04db526482a614b09dc0f2fb750bb6e916a206f1b5ef88532b2f47d755abe86170030a81014bc49d586fdd4"
    );
}
