//! Addresses and keys in all their forms: `wallet.md` 17.1.

use venus_core::{
    Address, Bytes, Signature,
    crypto::{self, KeyInfo, KeyKind, PrivateKey},
};

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

#[test]
fn addresses_are_made_of_what_they_name() {
    let secp = "049402fac37e6432a416a3a0ca5426b5185ab3b24f6134efa25ce487c82d2e4e13bf452511e0d2245421f8613bc10d72fa216666a96c3bc13920d3ff233fd0bc05";
    let bls = "ad58df696e2d4e91ea86c881e938ba4ea81b395e12797b84b9cf314b9546705e839c7a99d606b247ddb4f9ac7a3414dd";
    let addresses: [(fvm_shared::address::Address, &str); 4] = [
        (
            fvm_shared::address::Address::new_secp256k1(&bytes(secp)).unwrap(),
            "f15ihq5ibzwki2b4ep2f46avlkrqzhpqgtga7pdrq",
        ),
        (
            fvm_shared::address::Address::new_bls(&bytes(bls)).unwrap(),
            "f3vvmn62lofvhjd2ugzca6sof2j2ubwok6cj4xxbfzz4yuxfkgobpihhd2thlanmsh3w2ptld2gqkn2jvlss4a",
        ),
        (
            fvm_shared::address::Address::new_delegated(32, &[0xff; 5]).unwrap(),
            "f432f77777777x32lpna",
        ),
        (fvm_shared::address::Address::new_id(1024), "f01024"),
    ];
    for (address, text) in addresses {
        let address = Address::from(address);
        assert_eq!(address.to_string(), text);
        assert_eq!(text.parse::<Address>().unwrap(), address);
        let testnet = text.replacen('f', "t", 1);
        assert_eq!(testnet.parse::<Address>().unwrap(), address, "both letters are one address");
    }
}

#[test]
fn texts_that_are_no_address_are_refused() {
    for (bad, why) in [
        ("Q2gfvuyh7v2sx3patm5k23wdzmhyhtmqctasbr23y", "network"),
        ("f5gfvuyh7v2sx3patm5k23wdzmhyhtmqctasbr23y", "protocol"),
        ("f2gfvuyh7v2sx3patm5k23wdzmhyhtmqctasbr24y", "checksum"),
        ("f2", "length"),
        ("f0banananananannnnnnnn", "payload"),
    ] {
        assert!(bad.parse::<Address>().is_err(), "{why}: {bad}");
    }
}

#[test]
fn exported_keys_are_read_in_both_spellings_and_written_in_one() {
    let text = |hex: &str| String::from_utf8(bytes(hex)).unwrap();
    let exported = text(
        "7b2254797065223a22736563703235366b31222c22507269766174654b6579223a22626e765665386d53587171346173384633654c647a7438794a6d68764e434c377132795a6c6657784341303d227d",
    );
    let info: KeyInfo = serde_json::from_str(&exported).unwrap();
    let key = PrivateKey::try_from(&info).unwrap();
    assert_eq!(key.address().to_string(), "f12mchblwgi243re5i2pg2harmnqvm6q3rwb2cnpy");
    assert_eq!(serde_json::to_string(&key.to_info()).unwrap(), exported);

    let lower = text(
        "7b22707269766174654b6579223a22394d35307259715a31335673747a41557676576b5144594a323831724f32343557394e487a586d5448574d3d222c2274797065223a22626c73227d",
    );
    let info: KeyInfo = serde_json::from_str(&lower).unwrap();
    let address = PrivateKey::try_from(&info).unwrap().address().to_string();
    assert_eq!(
        address,
        "f3xf3ljy77db6l6mmuc4vqpuv5lwstecrkh5vblx7yfxv7y6hjx3ic3bbnjtbktfexayqbwb24nqkcsolcyk3a"
    );
}

#[test]
fn secrets_of_zondax_have_their_addresses() {
    let base64 = |text: &str| -> Bytes { serde_json::from_value(text.into()).unwrap() };
    for (kind, secret, address) in [
        (
            KeyKind::Bls,
            base64("P2pSgkvsZSgi0LOczuHmSXT1+l/hvSs3fVBb4y8OgVo="),
            "f3uxb75vcy3ilwbsaavao52v7gfnfh6aics4a7nj26dwpcmj4mxxgnzholkupuplafdrbd55frpoolfnm7wlda",
        ),
        (
            KeyKind::Secp256k1,
            base64("8VcW07ADswS4BV2cxi5rnIadVsyTDDhY1NfDH19T8Uo="),
            "f1d2xrzcslx7xlbbylc5c3d5lvandqw4iwl6epxba",
        ),
        (
            KeyKind::Secp256k1,
            bytes("6f48d2978a1cd05bf0110702fd8c2f1e73978dfda66048dad7c6a76e3bb5ab2e").into(),
            "f15c2ovuxqvrtfaturunskdwdivayqemxvkid2hha",
        ),
    ] {
        let key = PrivateKey::from_bytes(kind, &secret).unwrap();
        assert_eq!(key.address().to_string(), address);
    }
}

#[test]
fn a_bls_signature_of_lotus_verifies_and_no_other_bytes_do() {
    let signer: Address =
        "f3tcgq5scpfhdwh4dbalwktzf6mbv3ng2nw7tyzni5cyrsgvineid6jybnweecpa6misa6lk4tvwtxj2gkwpzq"
            .parse()
            .unwrap();
    let signature = bytes(
        "9927444bfcffdca34af57b78757b9b90f1cd28d2a3aeed2aa6bde299f8bbb9184756f2287b0588e6d3f2860d2bb2066e0c59778c1e644fb2cfb35fba8f09fa824a9ed825108c82ff4bf634c1037eeaf185f45673d4a1c1c6eeb712b7d72a5498",
    );
    crypto::verify(&Signature::bls(signature.clone()), b"potato", signer).unwrap();
    for at in 0..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 1;
        crypto::verify(&Signature::bls(changed), b"potato", signer).unwrap_err();
    }
    let longer = [signature, vec![0]].concat();
    crypto::verify(&Signature::bls(longer), b"potato", signer).unwrap_err();
}
