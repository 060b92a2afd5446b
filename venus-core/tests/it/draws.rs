//! The hashes and bytes on the way to a win: `miner.md` 16.2 and 16.4.

use venus_core::{
    Address, Bytes, MsgMeta, Purpose, Signer, blake2b_256,
    consensus::{election_params, win_count},
    crypto::{KeyKind, PrivateKey},
    test_utils::MemSigner,
};

#[test]
fn draws_have_their_hashes() {
    let counted: Vec<u8> = (0..0x60).collect();
    for (proof, hash) in [
        (&[0; 96][..], "39279c2e251932502b0af80fe10f1dd82955dcd7ce894a77b0b2df8bb17b272f"),
        (&[0xff; 96], "160f67b6bf4c5d61fd8bc4811686788b8ba39f4d74dbd52503764d190172d9f2"),
        (&counted, "6528ea458efd23391e968e0dd3a40202ac94e3854d1a4642cbbe0d13a15cb849"),
        (&[0x42; 96], "e097339af264c6e60224d9fd92de0a1ff129d7d0ad18b444d429b7d34adbb5f3"),
        (&[1, 2, 3], "11c0e79b71c3976ccd0c02d1310e2516c08edc9d8b6f57ccd680d63a4d8e72da"),
    ] {
        assert_eq!(hex::encode(blake2b_256(proof)), hash);
    }
}

/// As the miner asks a wallet: what goes over the wire, and what comes back of it.
#[tokio::test]
async fn a_wallet_is_sent_the_parameters_and_signs_their_digest() {
    let secret = "33ff38fa8c1c53c3ef1b2f811cee9ce4f7ec2ce90b16ceeb9675dc6aa3d04817";
    let key = PrivateKey::from_bytes(KeyKind::Bls, &hex::decode(secret).unwrap()).unwrap();
    let rbase: Vec<u8> = (0..0x30).collect();
    let params = election_params(&rbase, 12345, Address::id(1000));
    let sent = Bytes(params.encode());
    assert_eq!(
        serde_json::to_value(&sent).unwrap(),
        "pGVSYmFzZVgwAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vZFBlcnMCZVJvdW5kGTA5Z0VudHJvcHlEQwDoBw=="
    );
    let (signer, wallet) = (key.address(), MemSigner::with([key]));
    let meta = MsgMeta::new(Purpose::DrawRandomParam);
    let proof = wallet.sign(signer, &sent, meta).await.unwrap().data;
    assert_eq!(
        hex::encode(blake2b_256(&proof)),
        "c8a9348a8812262c7c45e4111bb61e2fa03c4886b828a39832cbb7822e79686d"
    );
    let wins = [20, 50, 100].map(|power| win_count(&proof, &power.into(), &100.into()));
    assert_eq!(wins, [0, 1, 3]);
}
