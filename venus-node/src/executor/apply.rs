//! One message: checks, fees, execution, receipt (node.md 18.2).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use fil_actors_shared::v18::{ActorError, BURNT_FUNDS_ACTOR_ID};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::receipt::Receipt;

use super::error::{ExecutorError, Result};
use super::gas::{self, GasOutputs};
use super::machine::{Context, Machine, MethodResult, REWARD, fail};
use super::types::{ChainMessage, MessageTrace, message_cid};

/// The result of a message before fees are settled.
struct Outcome {
    code: ExitCode,
    value: RawBytes,
    error: String,
    gas_used: u64,
}

impl Machine<'_> {
    /// Executes a message that came in a block. Whatever it does wrong ends up in its receipt.
    pub(crate) fn apply(
        &mut self,
        message: &ChainMessage,
        base_fee: &TokenAmount,
    ) -> Result<MessageTrace> {
        self.apply_for(message, gas::on_chain(message.chain_len), base_fee)
    }

    /// As [`Self::apply`], with what it costs to be on chain given.
    pub(crate) fn apply_for(
        &mut self,
        message: &ChainMessage,
        inclusion: u64,
        base_fee: &TokenAmount,
    ) -> Result<MessageTrace> {
        let started = Instant::now();
        let msg = &message.message;
        let trace = |outcome: Outcome, gas: GasOutputs| MessageTrace {
            cid: message_cid(msg),
            message: msg.clone(),
            receipt: Receipt {
                exit_code: outcome.code,
                return_data: outcome.value,
                gas_used: outcome.gas_used,
                events_root: None,
            },
            gas,
            error: outcome.error,
            duration: started.elapsed(),
        };

        let refused = |code, error: String, gas: u64| {
            let outcome = Outcome { code, value: RawBytes::default(), error, gas_used: 0 };
            let penalty = GasOutputs { miner_penalty: base_fee * gas, ..GasOutputs::default() };
            Ok(trace(outcome, penalty))
        };
        if inclusion > msg.gas_limit {
            let error =
                format!("gas limit {} is below the cost {inclusion} of inclusion", msg.gas_limit);
            return refused(ExitCode::SYS_OUT_OF_GAS, error, inclusion);
        }
        let found = match self.tree.resolve(&msg.from)? {
            Some(id) => self.tree.get(id)?.map(|actor| (id, actor)),
            None => None,
        };
        let Some((sender, mut actor)) = found else {
            let error = format!("sender {} does not exist", msg.from);
            return refused(ExitCode::SYS_SENDER_INVALID, error, msg.gas_limit);
        };
        if !actor.is_account() {
            let error = format!("sender {} is no account", msg.from);
            return refused(ExitCode::SYS_SENDER_INVALID, error, msg.gas_limit);
        }
        if actor.nonce != msg.sequence {
            let error = format!("nonce is {}, must be {}", msg.sequence, actor.nonce);
            return refused(ExitCode::SYS_SENDER_STATE_INVALID, error, msg.gas_limit);
        }
        let deposit = &msg.gas_fee_cap * msg.gas_limit;
        if actor.balance < deposit {
            let error = format!("balance {} does not cover the gas for {deposit}", actor.balance);
            return refused(ExitCode::SYS_SENDER_STATE_INVALID, error, msg.gas_limit);
        }
        actor.nonce += 1;
        actor.balance -= &deposit;
        self.tree.set(sender, actor);

        let outcome = self.execute(sender, msg, inclusion);
        let paid = gas::gas_outputs(
            outcome.gas_used,
            msg.gas_limit,
            base_fee,
            &msg.gas_fee_cap,
            &msg.gas_premium,
        );
        self.credit(BURNT_FUNDS_ACTOR_ID, &(&paid.base_fee_burn + &paid.over_estimation_burn))?;
        self.credit(REWARD, &paid.miner_tip)?;
        self.credit(sender, &paid.refund)?;
        Ok(trace(outcome, paid))
    }

    /// Runs the message inside its gas limit; on failure nothing but its fee is left.
    fn execute(
        &mut self,
        sender: ActorID,
        msg: &fvm_shared::message::Message,
        inclusion: u64,
    ) -> Outcome {
        self.cx = Context::new(msg.from, sender, msg.sequence, msg.gas_limit);
        self.cx.gas_used = inclusion;
        let snapshot = self.tree.snapshot();
        let result = self.guarded(sender, msg);
        if result.is_err() {
            self.tree.revert(snapshot);
        }
        let gas_used = self.cx.gas_used;
        let failed = |code, error: String, gas_used| Outcome {
            code,
            value: RawBytes::default(),
            error,
            gas_used,
        };
        if self.out_of_gas() {
            self.tree.revert(snapshot);
            return failed(ExitCode::SYS_OUT_OF_GAS, "out of gas".to_owned(), msg.gas_limit);
        }
        match result {
            Ok(value) => Outcome { code: ExitCode::OK, value, error: String::new(), gas_used },
            Err(e) => failed(e.exit_code(), e.msg().to_owned(), gas_used),
        }
    }

    /// State code of other crates asserts here and there; to the chain that is a failed message.
    fn guarded(&mut self, sender: ActorID, msg: &fvm_shared::message::Message) -> MethodResult {
        let run = AssertUnwindSafe(|| {
            let value = self.call(sender, &msg.to, msg.method_num, &msg.params, &msg.value)?;
            if !value.bytes().is_empty() {
                self.charge(gas::return_value(value.bytes().len()))?;
            }
            Ok::<_, ActorError>(value)
        });
        catch_unwind(run).unwrap_or_else(|_| {
            tracing::error!(to = %msg.to, method = msg.method_num, "actor code panicked");
            fail(ExitCode::SYS_ILLEGAL_INSTRUCTION, "actor code panicked")
        })
    }

    fn credit(&mut self, id: ActorID, amount: &TokenAmount) -> Result<()> {
        if amount.is_positive() {
            let mut actor =
                self.tree.get(id)?.ok_or_else(|| ExecutorError::NoActor(format!("f0{id}")))?;
            actor.balance += amount;
            self.tree.set(id, actor);
        }
        Ok(())
    }
}
