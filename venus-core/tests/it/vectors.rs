//! Encodings, held against bytes of the Go nodes and of mainnet.

use venus_core::{
    Address, BeaconEntry, BigInt, BlockHeader, Bytes, Cid, ElectionProof, Message, Receipt,
    Signature, SignatureType, SignedMessage, Ticket, TipSetKey, TokenAmount, cbor,
    consensus::{
        election_params, ticket_params, ticket_quality, verify_vrf, win_count,
        winning_post_randomness,
    },
    crypto::{self, KeyKind, PrivateKey},
    from_cbor,
};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.trim()).unwrap()
}

fn header(text: &str) -> BlockHeader {
    from_cbor(&hex(text)).unwrap()
}

fn base64(text: &str) -> Bytes {
    serde_json::from_str(&format!("\"{text}\"")).unwrap()
}

const MAINNET: &str = include_str!("../fixtures/mainnet-block-1.hex");

#[test]
fn a_mainnet_block_survives_and_has_its_cid() {
    let block = header(MAINNET);
    assert_eq!(block.cbor(), hex(MAINNET));
    assert_eq!(
        block.cid().to_string(),
        "bafy2bzacechdx6xd62lcyy7rnyc4uxcxhuwqslcxfvj77fxlwafij3nhzchpy"
    );
    let signing = block.signing_bytes();
    assert_eq!(signing.len(), 796);
    assert_eq!((block.miner, block.timestamp, block.height), (Address::id(1000), 1598306430, 1));
    let json = serde_json::to_string(&block).unwrap();
    assert_eq!(serde_json::from_str::<BlockHeader>(&json).unwrap(), block);

    let worker: Address =
        "f3vfs6f7tagrcpnwv65wq3leznbajqyg77bmijrpvoyjv3zjyi3urq25vigfbs3ob6ug5xdihajumtgsxnz2pa"
            .parse()
            .unwrap();
    crypto::verify(block.block_sig.as_ref().unwrap(), &signing, worker).unwrap();

    let rbase = &block.beacon_entries[0];
    assert_eq!(rbase.round, 81086);
    let election = election_params(&rbase.data, 1, block.miner).digest();
    assert_eq!(
        hex::encode(election),
        "08e45023f9288d20e1e96b09ec95d28d85cdfead38ac379961fe22d18eeaaf15"
    );
    let proof = block.election_proof.as_ref().unwrap();
    verify_vrf(worker, &election, &proof.vrf_proof).unwrap();
    assert_eq!(proof.win_count, 1);
    assert_eq!(
        hex::encode(venus_core::blake2b_256(&proof.vrf_proof)),
        "bf33e304a6b43b774f5f1c55f57e12bf62032e79163d3b3012d68ee0fdbc506b"
    );
    assert!(win_count(&proof.vrf_proof, &1.into(), &1.into()) >= 1);

    // Before the Smoke upgrade tickets did not chain.
    let drawn = ticket_params(&rbase.data, 1, block.miner, None).digest();
    assert_eq!(
        hex::encode(drawn),
        "561c3a6004a1e80493204690198640f3c4ef4faf8c7a44cac40a5837e54bc39e"
    );
    let ticket = block.ticket.as_ref().unwrap();
    verify_vrf(worker, &drawn, &ticket.vrf_proof).unwrap();
    assert_eq!(ticket_quality(ticket), 0.7194901235911382);
    assert_eq!(
        hex::encode(winning_post_randomness(&rbase.data, 1, block.miner)),
        "09c5e37777ec7b4a76bba6cf78ab3b5745c99d5754400636a5943f704f146632"
    );
}

#[test]
fn a_header_of_a_lotus_test_chain_survives() {
    let text = include_str!("../fixtures/lotus-mock-header.hex");
    let block = header(text);
    assert_eq!(block.cbor(), hex(text));
    assert_eq!(block.cbor().len(), 644);
    assert_eq!(
        block.cid().to_string(),
        "bafy2bzacecv2dnse37l6p2xwhqaq63txtme7hc7ajkgawuswyzqftgdmuhrfs"
    );
    assert_eq!(block.miner, Address::id(1000));
    assert_eq!(block.election_proof.as_ref().unwrap().win_count, 1);
    assert_eq!(block.win_post_proof[0].proof_bytes.0, b"valid proof");
    assert_eq!((block.parent_weight.clone(), block.height), (3840.into(), 1));
    assert_eq!(block.timestamp, 1_596_740_665);
    assert_eq!(block.parent_base_fee, TokenAmount::from_atto(87_500_000));
}

#[test]
fn the_interop_header_of_lotus_has_its_fields_and_cid() {
    let text = include_str!("../fixtures/lotus-interop-header.hex");
    // Its aggregate has the type 0, which lotus keeps for "unknown" and no block on chain has.
    let cid = Cid::of_cbor(&hex(text)).to_string();
    assert_eq!(cid, "bafy2bzacecwx253gcyjjnk37h4ocqf4bwpy3o2aq5q4t2w2cz4dgjlwpvghsq");
    let mut bytes = hex(text);
    let at = bytes.windows(4).position(|w| w == [0x41, 0x00, 0x01, 0xf6]).unwrap();
    bytes[at + 1] = 2;
    let block: BlockHeader = from_cbor(&bytes).unwrap();
    assert_eq!(block.cbor(), bytes);
    assert_eq!(block.fork_signaling, 3);
    assert_eq!(block.parent_base_fee, TokenAmount::from_atto(1_000_000_000));
    assert_eq!((block.height, block.timestamp, block.block_sig), (2, 1, None));
}

#[test]
fn small_parts_of_a_header() {
    let ticket = Ticket { vrf_proof: vec![1, 2, 3].into() };
    assert_eq!(cbor(&ticket), hex("8143010203"));
    let proof = ElectionProof { win_count: 0, vrf_proof: vec![10, 11].into() };
    assert_eq!(cbor(&proof), hex("8200420a0b"));
    assert_eq!(cbor(&BeaconEntry { round: 5, data: vec![12].into() }), hex("8205410c"));
    for (number, text) in [(0, "40"), (1, "420001"), (256, "43000100"), (-1, "420101")] {
        assert_eq!(cbor(&BigInt::from(number)), hex(text));
        assert_eq!(cbor(&TokenAmount::from_atto(number)), hex(text));
        assert_eq!(from_cbor::<BigInt>(&hex(text)).unwrap(), number.into());
    }
    for (exit_code, gas_used, text) in [(0, 1000, "8400401903e8f6"), (16, 2000, "8410401907d0f6")] {
        let receipt =
            Receipt { exit_code, return_data: Bytes::default(), gas_used, events_root: None };
        assert_eq!(cbor(&receipt), hex(text));
        assert_eq!(from_cbor::<Receipt>(&hex(text)).unwrap(), receipt);
    }
}

#[test]
fn a_message_is_encoded_as_in_lotus() {
    let json = r#"{"Version":0,"To":"f04","From":"f00","Nonce":34,"Value":"0","GasLimit":123,"GasFeeCap":"234","GasPremium":"234","Method":6,"Params":"aGFp"}"#;
    let message: Message = serde_json::from_str(json).unwrap();
    assert_eq!(message.cbor(), hex("8a00420004420000182240187b4200ea4200ea0643686169"));
    let cid = "bafy2bzaced5rdpz57e64sc7mdwjn3blicglhpialnrph2dlbufhf6iha63dmc";
    assert_eq!(message.cid().to_string(), cid);
    assert_eq!(from_cbor::<Message>(&message.cbor()).unwrap(), message);
    let written = serde_json::to_string(&message).unwrap();
    assert_eq!(written, json.replace('}', &format!(r#","CID":{{"/":"{cid}"}}}}"#)));
}

#[test]
fn bls_messages_have_their_cids_and_signatures() {
    for (key, from, cid, signature) in [
        (
            "pyBOAP9camcZANKedHE+oaqPgtsOd/qBvOAO1YfvLVY=",
            "f3sogjuub37grt2tuvvlxbiamthwxenf2dwgq6sn7gpj72c5omg7gojjplsdsovgq6g3aagwerkght3e7boqfq",
            "bafy2bzacedhl5cowfmp7hq2ke3irf7indry55px44cbbjthazwvpm7ktf676w",
            "sYHUj6N7Cb86A8pTPyaB82zdeemyHd+tZU4Vdsm6bz2GlaeLC5tsc3SX1Q7Fr5pRA5gXhcx4ID+vDqDVO7ZAnToKaWeZ2Wr28S+b4tGWOwqYHx8jkkvklyyNJ5wK4bq+",
        ),
        (
            "up1tp2I6oAPrSyiAW1chA9Uo32DiPy+nDb5Sl7BXmT0=",
            "f3unbjghaftrz676njfgakmfwvirbu5kxpafb57ex2s4sd7p2e5un2mru5fn3l2hnahcqsxtvwxy5j2cdtlaaa",
            "bafy2bzacecc7ctbgv5h65b7xltqr7m7zr5n2wiaqtexkuurbdqcm4z3talhua",
            "kfeQ7eyQ+Rs3jgv2igh2w5H4z8+laQXttg68Q5hPsf1vluiOjXFWELS1HrMqR7xaDR6Q2yjXLDdmxm+JsFr6MNSUbdDBBXsiH9aTUyxc3cA9Li5QZ0ed2k/oKHPhpeDh",
        ),
    ] {
        let key = PrivateKey::from_bytes(KeyKind::Bls, &base64(key)).unwrap();
        assert_eq!(key.address().to_string(), from);
        let one = TokenAmount::from_atto(1);
        let mut message = Message::transfer(key.address(), Address::id(99999), one.clone());
        message.nonce = 55;
        message.gas_limit = 1_000_000;
        message.gas_fee_cap = TokenAmount::from_atto(100);
        message.gas_premium = one;
        assert_eq!(message.cid().to_string(), cid);
        let expected = Signature::bls(base64(signature));
        let bytes = crypto::signing_bytes(&message, 1).unwrap();
        assert_eq!(bytes, message.cid().to_bytes());
        assert_eq!(key.sign(&bytes).unwrap(), expected);
        let signed = SignedMessage { message, signature: expected };
        assert_eq!(signed.cid(), signed.message.cid(), "BLS signatures are aggregated away");
        assert_eq!(from_cbor::<SignedMessage>(&cbor(&signed)).unwrap(), signed);
        if from.starts_with("f3sog") {
            assert_eq!(
                signed.message.cbor(),
                hex(
                    "8a0044009f8d06583103938c9a503bf9a33d4e95aaee1401933dae469743b1a1e937e67a7fa175cc37cce4a5eb90e4ea9a1e36c0035891518f3d18374200011a000f42404200644200010040"
                )
            );
        }
    }
    let message = Message::transfer(Address::id(1), Address::id(2), TokenAmount::zero());
    let signature = Signature { kind: SignatureType::Secp256k1, data: vec![1; 65].into() };
    let signed = SignedMessage { message, signature };
    assert_ne!(signed.cid(), signed.message.cid());
}

#[test]
fn keys_of_tipsets_have_their_cids() {
    let cids = [
        "bafy2bzacecesrkxghscnq7vatble2hqdvwat6ed23vdu4vvo3uuggsoaya7ki",
        "bafy2bzacebxfyh2fzoxrt6kcgc5dkaodpcstgwxxdizrww225vrhsizsfcg4g",
        "bafy2bzacedwviarjtjraqakob5pslltmuo5n3xev3nt5zylezofkbbv5jclyu",
    ]
    .map(|cid| cid.parse::<Cid>().unwrap());
    for (count, expected) in [
        (0, "bafy2bzacea456askyutsf7uk4ta2q5aojrlcji4mhaqokbfalgvoq4ueeh4l2"),
        (1, "bafy2bzacealem6larzxhf7aggj3cozcefqez3jlksx2tuxehwdil27otcmy4q"),
        (3, "bafy2bzacecbnwngwfvxuciumcfudiaoqozisp3hus5im5lg4urrwlxbueissu"),
    ] {
        let key = TipSetKey::new(cids[..count].to_vec());
        assert_eq!(key.cid().to_string(), expected);
    }
    // As in hello messages: the blocks, height, weight, genesis.
    let hello = (&cids[..1], 5u64, BigInt::from(1000), cids[1]);
    assert_eq!(
        cbor(&hello),
        hex(
            "8481d82a5827000171a0e402208928aae63c84d87ea098564d1e03ad813f107add474e56aedd286349c0c03ea405430003e8d82a5827000171a0e402206e5c1f45cbaf19f94230ba3501c378a5335af71a331b5b5aed62792332288dc3"
        )
    );
    assert_eq!(
        Cid::of_cbor(&[0x80]).to_string(),
        "bafy2bzacebc3bt6cedhoyw34drrmjvazhu4oj25er2ebk4u445pzycvq4ta4a"
    );
}
