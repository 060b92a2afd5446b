//! Leader election: verifiable draws and how often they win.

use std::sync::LazyLock;

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::base_fee::floor_div;
use crate::{
    Address, Signature, Ticket, blake2b_256,
    crypto::{CryptoError, verify},
};

/// Blocks that a network makes per epoch on average.
const EXPECTED_LEADERS: u32 = 5;

/// The most that one draw wins.
pub const MAX_WIN_COUNT: i64 = 3 * EXPECTED_LEADERS as i64;

/// Bits of the fraction: all numbers here are fixed point, so that all nodes agree.
const PRECISION: u64 = 256;

/// Bits of the fraction of the coefficients.
const COEFFICIENT_PRECISION: u64 = 128;

/// Numerator of a rational approximation of `e^-x`, highest order first.
const NUMERATOR: [&str; 8] = [
    "-648770010757830093818553637600",
    "67469480939593786226847644286976",
    "-3197587544499098424029388939001856",
    "89244641121992890118377641805348864",
    "-1579656163641440567800982336819953664",
    "17685496037279256458459817590917169152",
    "-115682590513835356866803355398940131328",
    "340282366920938463463374607431768211456",
];

/// Its denominator.
const DENOMINATOR: [&str; 14] = [
    "1225524182432722209606361",
    "114095592300906098243859450",
    "5665570424063336070530214243",
    "194450132448609991765137938448",
    "5068267641632683791026134915072",
    "104716890604972796896895427629056",
    "1748338658439454459487681798864896",
    "23704654329841312470660182937960448",
    "259380097567996910282699886670381056",
    "2250336698853390384720606936038375424",
    "14978272436876548034486263159246028800",
    "72144088983913131323343765784380833792",
    "224599776407103106596571252037123047424",
    "340282366920938463463374607431768211456",
];

static COEFFICIENTS: LazyLock<(Vec<BigInt>, Vec<BigInt>)> = LazyLock::new(|| {
    let parse = |list: &[&str]| {
        // The literals above are decimal numbers; one that is not would fail every test.
        list.iter().filter_map(|c| c.parse().ok()).collect()
    };
    (parse(&NUMERATOR), parse(&DENOMINATOR))
});

/// Counts how many times a draw wins for a miner with `power` of `total` quality-adjusted bytes: a
/// Poisson sample whose mean is the miner's share of five blocks. At most [`MAX_WIN_COUNT`]; 0
/// where there is no power.
pub fn win_count(vrf_proof: &[u8], power: &BigInt, total: &BigInt) -> i64 {
    if !power.is_positive() || !total.is_positive() {
        return 0;
    }
    let draw = BigInt::from_bytes_be(Sign::Plus, &blake2b_256(vrf_proof));
    let mut poisson = Poisson::new(lambda(power, total));
    let mut wins = 0;
    while draw < poisson.tail && wins < MAX_WIN_COUNT {
        poisson.step();
        wins += 1;
    }
    wins
}

/// The expected number of wins.
fn lambda(power: &BigInt, total: &BigInt) -> BigInt {
    ((power * EXPECTED_LEADERS) << PRECISION) / total
}

/// `e^-x` for x in 0..=5, both with `precision` bits of fraction, 128 at least. Elections have 256,
/// rewards 128.
pub fn exp_neg(x: &BigInt, precision: u64) -> BigInt {
    let finer = precision.saturating_sub(COEFFICIENT_PRECISION);
    let horner = |coefficients: &[BigInt]| {
        coefficients.iter().fold(BigInt::zero(), |sum, c| ((sum * x) >> precision) + (c << finer))
    };
    let (numerator, denominator) = &*COEFFICIENTS;
    floor_div(horner(numerator) << precision, &horner(denominator))
}

struct Poisson {
    lambda: BigInt,
    /// Probability of exactly `k` wins.
    mass: BigInt,
    /// Probability of more than `k` wins.
    tail: BigInt,
    k: u32,
}

impl Poisson {
    fn new(lambda: BigInt) -> Self {
        let mass = exp_neg(&lambda, PRECISION);
        let tail = (BigInt::one() << PRECISION) - &mass;
        Self { lambda, mass, tail, k: 0 }
    }

    fn step(&mut self) {
        self.k += 1;
        // Division first: consensus is in the low bits.
        self.mass = ((&self.mass / self.k) * &self.lambda) >> PRECISION;
        self.tail -= &self.mass;
    }
}

/// How good a ticket is, from 0 to 1: the share of all tickets that it beats. Only messages are
/// chosen by it; nothing of consensus depends on it, so it is the one float here.
pub fn ticket_quality(ticket: &Ticket) -> f64 {
    let digest = BigUint::from_bytes_be(&ticket.digest());
    1.0 - digest.to_f64().unwrap_or(0.0) / 2f64.powi(256)
}

/// Checks the proof of a draw: a BLS signature of `worker` (f3) over the drawn randomness.
pub fn verify_vrf(worker: Address, randomness: &[u8; 32], proof: &[u8]) -> Result<(), CryptoError> {
    verify(&Signature::bls(proof), randomness, worker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consensus::{election_params, ticket_params, winning_post_randomness},
        crypto::{KeyKind, PrivateKey},
    };

    fn wins(proof: &[u8], power: u64, total: u64) -> i64 {
        win_count(proof, &power.into(), &total.into())
    }

    fn ticket(proof: &[u8]) -> Ticket {
        Ticket { vrf_proof: proof.into() }
    }

    #[test]
    fn the_poisson_table_is_that_of_lotus() {
        for (numerator, shift, rhs0, rhs1, rhs15) in [
            (
                10u64,
                10,
                "1125278653883954157340515998824199281259686237023612910954531537010133365568",
                "5485581780123676224984074899749002236148166431650497590243915223971292577",
                "11353321535515780819985988910882590605707269697",
            ),
            (
                209714,
                20,
                "20989436322611254574979389012727393136091537312055593688180077279147576363096",
                "2029014232696520721523332453453803636238058967796600089005757967894658844577",
                "30045550760659097055494870911555042207154242485930695",
            ),
            (
                1036915,
                20,
                "72718197862321603787957847055188249408647877796280116987586082825356498974798",
                "30123322455004902866096392147720313525979066051167804713805891738863284666878",
                "1827354397264548824373139406487609602015834650190678153972930556",
            ),
            (
                1706,
                10,
                "93907545465879218275260347624273708225148723352890415890955745471328115138024",
                "57447553596668785643406883388130520172829512611140657354486862128150346836988",
                "4082242594961149456000070139366495398696105445630156285138889148853",
            ),
            (
                2,
                0,
                "100121334043824876020967110392587568107053060743383522309741056272383359786578",
                "68779823656842237215759361160386888614619212898869438850308000801323820079862",
                "55576529414007827429083632080000892593677461309507924067105183362502",
            ),
            (
                5242879,
                20,
                "115011887533064380050215202002871794783671664388541274939039184893270600703151",
                "111110879755863630144777547269452207577572562543679248972859798819416242535921",
                "7990591219092428810606628986022697269060757693982546042792694706871429282",
            ),
            (
                5,
                0,
                "115011888277122352219705460287186602222085188670665840381425306072442950421456",
                "111110883476153136200377836679680074066161208695792222091263916395092054329056",
                "7990608583365898783177981059486191101288263054949438283379118111243134316",
            ),
        ] {
            let mut poisson = Poisson::new(BigInt::from(numerator) << (PRECISION - shift));
            assert_eq!(poisson.tail.to_string(), rhs0);
            poisson.step();
            assert_eq!(poisson.tail.to_string(), rhs1);
            for _ in 1..15 {
                poisson.step();
            }
            assert_eq!(poisson.tail.to_string(), rhs15);
        }
    }

    #[test]
    fn the_exponential_is_that_of_lotus() {
        let step = (BigInt::from(5) << PRECISION) / 255;
        for (steps, expected) in [
            (0, (BigInt::one() << PRECISION).to_string()),
            (
                1,
                "113543770489016942962237377411819033281128847358465443152965692667674515268459"
                    .into(),
            ),
            (
                100,
                "16297503475450807802230954908656139014943597886328184429574709348911081384486"
                    .into(),
            ),
            (
                255,
                "780200960193843203865524721501305631184795994974723658032277935470179306730"
                    .into(),
            ),
        ] {
            assert_eq!(exp_neg(&(&step * steps), PRECISION).to_string(), expected);
        }
    }

    #[test]
    fn the_mean_is_five_blocks_times_the_share() {
        for (power, total, expected) in [
            (
                10u64,
                100u64,
                "57896044618658097711785492504343953926634992332820282019728792003956564819968",
            ),
            (
                1024,
                2048,
                "289480223093290488558927462521719769633174961664101410098643960019782824099840",
            ),
            (
                2_000_000_000_000_000,
                100_000_000_000_000_000,
                "11579208923731619542357098500868790785326998466564056403945758400791312963993",
            ),
        ] {
            assert_eq!(lambda(&power.into(), &total.into()).to_string(), expected);
        }
    }

    #[test]
    fn known_draws_win_as_often_as_in_lotus_and_have_their_quality() {
        let ascending: Vec<u8> = (0..0x60).collect();
        for (proof, counts, quality) in [
            (&[0; 96][..], [0, 0, 0, 0, 0, 1, 2, 4, 7], 0.7767393481580271),
            (&[0xff; 96], [0, 0, 0, 0, 1, 2, 2, 5, 8], 0.9138274363364887),
            (&ascending, [0, 0, 0, 0, 0, 0, 1, 3, 5], 0.6048444347552606),
            (&[0x42; 96], [0, 0, 0, 0, 0, 0, 0, 1, 2], 0.12269284693830407),
        ] {
            let powers = [0, 1, 5, 10, 50, 100, 200, 500, 1000];
            assert_eq!(powers.map(|power| wins(proof, power, 1000)), counts);
            assert_eq!(ticket_quality(&ticket(proof)), quality);
        }
        assert_eq!([200, 500, 1000].map(|power| wins(&[1, 2, 3], power, 1000)), [3, 5, 8]);
        assert_eq!(ticket_quality(&ticket(&[1, 2, 3])), 0.9306502576348393);
    }

    #[test]
    fn a_fifth_of_the_power_wins_one_block_an_epoch() {
        let mut histogram = [0; 8];
        let mut sum = 0;
        for n in 1_000_000u64..1_001_000 {
            let count = wins(&n.to_le_bytes()[..5], 20, 100);
            histogram[count as usize] += 1;
            sum += count;
        }
        assert_eq!((sum, histogram), (1026, [365, 356, 189, 75, 9, 5, 1, 0]));
    }

    #[test]
    fn nobody_wins_without_power() {
        assert_eq!(wins(&[0xff; 96], 1, 0), 0);
        assert_eq!(win_count(&[0xff; 96], &(-1).into(), &10.into()), 0);
    }

    #[test]
    fn a_round_with_a_known_key() {
        let secret = "33ff38fa8c1c53c3ef1b2f811cee9ce4f7ec2ce90b16ceeb9675dc6aa3d04817";
        let key = PrivateKey::from_bytes(KeyKind::Bls, &hex::decode(secret).unwrap()).unwrap();
        assert_eq!(
            key.address().to_string(),
            "f3tho7tbdrw3xuy6ybz6p5tfc7nsqqa2ozhsrnmhwynrb3keeaeywe3felidbpgvy2wcxktmxcezlpz7pbu5pq"
        );
        let miner = Address::id(1000);
        let rbase: Vec<u8> = (0..0x30).collect();

        let election = election_params(&rbase, 12345, miner).digest();
        assert_eq!(
            hex::encode(election),
            "278a865b4d1d53f2581395185da9fb36f901e5a9168e7b87b8e43e1a4fb5d98e"
        );
        let proof = key.sign(&election).unwrap().data;
        assert_eq!(
            hex::encode(&proof.0),
            "b412aa554cdae381a154b184cd61fd39e0ab73733044356833924d88a7ca10ad374636e1dc67b923d2fc2d9fc62670fc020ecdd052e7a6635587659e93f343b42dfeb7e59c19453090b0e8654beea1fd367aa5909cfcd7f20f04914931f7a5d2"
        );
        assert_eq!([20, 50, 100].map(|power| wins(&proof, power, 100)), [0, 1, 3]);
        verify_vrf(key.address(), &election, &proof).unwrap();
        verify_vrf(key.address(), &[0; 32], &proof).unwrap_err();
        verify_vrf(key.address(), &election, &[0; 96]).unwrap_err();

        let parent = ticket(&[0xaa; 96]);
        let draw = ticket_params(&rbase, 12345, miner, Some(&parent)).digest();
        assert_eq!(
            hex::encode(draw),
            "29a91dc76649afae412a032c9605e1e9bc12b6403cb390431d5ae380f2da930b"
        );
        let drawn = ticket(&key.sign(&draw).unwrap().data);
        assert_eq!(
            hex::encode(&drawn.vrf_proof.0),
            "a8ef66ede0e5a5fff59ded661334761c91283d3297179e6f6d7d131419468a7ad232595256141ab96b1571d1378cfe8604d5622f5b00b062fcad8331e2052b04efd94aee7ccb1b0b203c8811ee88deaf76d0281bb1e93d13d08e27e79392bfe6"
        );
        assert_eq!(ticket_quality(&drawn), 0.5848821061086626);
        let old = ticket_params(&rbase, 12345, miner, None).digest();
        assert_eq!(
            hex::encode(old),
            "5c90a4273cf91156618a4ced3572a4d5911f5d710bd7e624bb23626f304db73f"
        );
        let seed = winning_post_randomness(&rbase, 12345, miner);
        assert_eq!(
            hex::encode(seed),
            "c97c5c95eec36ac5972f3b5e44d5fb6a4be286889afcd3dcf2796aa31a132066"
        );
    }
}
