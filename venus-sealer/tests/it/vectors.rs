//! Bytes and numbers that the chain expects (sealer.md 25.4 to 25.8).

use venus_core::{
    Address, BitField, Bytes, Cid, DeadlineInfo, PoStProof, PreCommitInfo, RegisteredPoStProof,
    RegisteredSealProof,
};
use venus_sealer::{SealerConfig, params, policy};

fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn replica() -> Cid {
    let digest: Vec<u8> = (0..32).collect();
    let hash = cid::multihash::Multihash::wrap(0xb401, &digest).unwrap();
    Cid(cid::Cid::new_v1(0xf102, hash))
}

fn info(unsealed_cid: Option<Cid>) -> PreCommitInfo {
    PreCommitInfo {
        seal_proof: RegisteredSealProof::StackedDRG32GiBV1P1,
        sector_number: 7,
        sealed_cid: replica(),
        seal_rand_epoch: 1_000_000,
        deal_ids: Vec::new(),
        expiration: 2_600_000,
        unsealed_cid,
    }
}

#[test]
fn parameters_are_encoded_as_the_actors_read_them() {
    let proof = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;
    let worker = Address::id(1001);
    assert_eq!(
        hex(&params::create_miner(worker, worker, proof, &Bytes::default(), &[])),
        "854300e9074300e9070d4080"
    );
    let pre_commit = "8181870807d82a5829000182e20381e80220000102030405060708090a0b0c0d0e0f10111213\
                      1415161718191a1b1c1d1e1f1a000f4240801a0027ac40f6";
    assert_eq!(hex(&params::pre_commit(&[info(None)])), pre_commit);
    let zeros = "d82a5828000181e203922020077e5fde35c50a9303a55009e3498a4ebedff39c42b710b730d8ec7ac7a\
                 fa63e";
    let digest: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&zeros[zeros.len() - 64 + 2 * i..][..2], 16).unwrap())
        .collect();
    let hash = cid::multihash::Multihash::wrap(0x1012, &digest).unwrap();
    let comm_d = Cid(cid::Cid::new_v1(0xf101, hash));
    assert_eq!(
        hex(&params::pre_commit(&[info(Some(comm_d))])),
        format!("{}{zeros}", &pre_commit[..pre_commit.len() - 2])
    );
    let deadbeef = Bytes(vec![0xde, 0xad, 0xbe, 0xef]);
    assert_eq!(
        hex(&params::prove_commit(&[(7, deadbeef.clone())])),
        "86818207808144deadbeef40f6f5f4"
    );
    let post = PoStProof { post_proof: proof, proof_bytes: deadbeef };
    assert_eq!(
        hex(&params::window_post(3, &[(0, BitField::default())], &[post], 100_000, [1; 32])),
        format!("85038182004081820d44deadbeef1a000186a05820{}", "01".repeat(32))
    );
    assert_eq!(
        hex(&params::recovered(&[(5, 0, [1, 2, 3].into_iter().collect())])),
        "818183050041e8"
    );
}

#[test]
fn the_created_miner_is_read_from_the_answer() {
    let answer = venus_core::cbor(&(Address::id(1234), Address::id(1)));
    assert_eq!(params::created_miner(&answer).unwrap().0, Address::id(1234));
    assert!(params::created_miner(b"?").is_err());
}

#[test]
fn entropy_is_the_id_address_as_cbor() {
    assert_eq!(hex(&policy::entropy(1000)), "4300e807");
}

fn like() -> DeadlineInfo {
    DeadlineInfo {
        current_epoch: 0,
        period_start: 0,
        index: 0,
        open: 0,
        close: 60,
        challenge: -20,
        fault_cutoff: -70,
        w_post_period_deadlines: 48,
        w_post_proving_period: 2880,
        w_post_challenge_window: 60,
        w_post_challenge_lookback: 20,
        fault_declaration_cutoff: 70,
    }
}

#[test]
fn deadlines_lie_where_the_actors_put_them() {
    for (start, index, open, close, challenge, cutoff) in [
        (1_143_609, 0, 1_143_609, 1_143_669, 1_143_589, 1_143_539),
        (1_143_609, 10, 1_144_209, 1_144_269, 1_144_189, 1_144_139),
        (1_142_556, 31, 1_144_416, 1_144_476, 1_144_396, 1_144_346),
        (0, 0, 0, 60, -20, -70),
        (0, 48, 2880, 2880, 2880, 0),
    ] {
        let d = policy::deadline(&like(), start, index, 0);
        assert_eq!(
            (d.open, d.close, d.challenge, d.fault_cutoff),
            (open, close, challenge, cutoff)
        );
    }
    let mut walk = policy::deadline(&like(), 0, 0, 0);
    for i in 0..96_i64 {
        assert_eq!((walk.index as i64, walk.period_start), (i % 48, 2880 * (i / 48)));
        walk = policy::next_deadline(&walk);
    }
}

#[test]
fn empty_sectors_expire_when_the_policy_says() {
    assert_eq!(policy::expiration(55, 0, 2), 3_680_693);
    assert_eq!(policy::expiration(55, 200 * policy::DAY, 2), 576_053);
    assert_eq!(policy::expiration(55, 1, 0), 55 + 518_400 + 2880);
    // A ticket as old as can be, and proven as late as can be: still 180 days.
    let least = policy::pre_commit_expiration(0, 1000, 1900, 150);
    assert_eq!(least, 1000 + 3780 + 86_550 + 518_400);
    assert_eq!(policy::pre_commit_expiration(i64::MAX, 0, 10, 150), 10 + 150 + 3_680_640);
}

#[test]
fn proof_types_follow_the_sector_size() {
    for (size, window, seal) in
        [(2048, 10, 5), (8 << 20, 11, 6), (512 << 20, 12, 7), (32 << 30, 13, 8), (64 << 30, 14, 9)]
    {
        let proof = policy::window_proof(size).unwrap();
        assert_eq!(i64::from(proof), window);
        let sealed = policy::seal_proof(proof).unwrap();
        assert_eq!(i64::from(sealed), seal);
        assert_eq!(policy::sector_size(sealed), size);
    }
    assert!(policy::window_proof(4096).is_err());
}

#[test]
fn settings_without_a_word_are_the_documented_ones() {
    let config = SealerConfig::default();
    assert_eq!(config.sealing.message_confidence, 5);
    assert_eq!(config.proving.submit_confidence, 4);
    assert_eq!(config.proving.challenge_confidence, 10);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<SealerConfig>(&text).unwrap(), config);
}
