"""What the database asks of money that is moved by hand, and how older adjustments become proposals."""

MOVE = """
ALTER TABLE proposals_proposal DISABLE TRIGGER USER;
INSERT INTO proposals_proposal (id, kind, target, subject, payload, before, after, reason, reference, beneficiaries,
    claim, state,
    proposed_by_id, created_at, expires_at, decided_by_id, decided_at, note, made_in)
SELECT a.id, 'correction', '', '', '{}', '{}', '{}', a.reason, '',
    ARRAY(SELECT DISTINCT c.owner_id FROM settlement_adjustmentline l JOIN settlement_account c ON c.id = l.account_id
          WHERE l.adjustment_id = a.id AND c.owner_id IS NOT NULL),
    coalesce('failure:' || a.failure_id, ''), a.state, a.proposed_by_id, a.created_at, a.created_at + interval '72 hours',
    a.decided_by_id, a.decided_at, a.note, 0
FROM settlement_adjustment a;
ALTER TABLE proposals_proposal ENABLE TRIGGER USER;
ALTER TABLE settlement_adjustment
    DROP COLUMN state, DROP COLUMN reason, DROP COLUMN note, DROP COLUMN created_at, DROP COLUMN decided_at,
    DROP COLUMN proposed_by_id, DROP COLUMN decided_by_id,
    ADD CONSTRAINT settlement_adjustment_id_fk_proposals_proposal_id FOREIGN KEY (id)
        REFERENCES proposals_proposal (id) DEFERRABLE INITIALLY DEFERRED;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
MOVE_BACK = """
ALTER TABLE settlement_adjustment
    DROP CONSTRAINT settlement_adjustment_id_fk_proposals_proposal_id,
    ADD COLUMN state varchar(9), ADD COLUMN reason varchar(200), ADD COLUMN note text, ADD COLUMN created_at timestamptz
        DEFAULT now(), ADD COLUMN decided_at timestamptz,
    ADD COLUMN proposed_by_id uuid REFERENCES exchange_user (id) DEFERRABLE INITIALLY DEFERRED,
    ADD COLUMN decided_by_id uuid REFERENCES exchange_user (id) DEFERRABLE INITIALLY DEFERRED;
UPDATE settlement_adjustment a SET state = p.state, reason = p.reason, note = p.note, created_at = p.created_at,
    decided_at = p.decided_at, proposed_by_id = p.proposed_by_id, decided_by_id = p.decided_by_id
    FROM proposals_proposal p WHERE p.id = a.id;
"""
SQL = """
-- Lines come with their proposal, and those they touch are its beneficiaries, who neither propose nor approve it.
CREATE FUNCTION settlement_check_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposals_proposal p JOIN settlement_account a ON a.id = NEW.account_id
        WHERE p.id = NEW.adjustment_id AND p.state = 'proposed' AND p.made_in = pg_current_xact_id()::text::bigint
          AND (a.owner_id IS NULL OR a.owner_id = ANY (p.beneficiaries))
    ) THEN
        RAISE EXCEPTION 'lines are proposed together with their adjustment, for those whom it names'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER adjustmentline_with_proposal BEFORE INSERT ON settlement_adjustmentline
    FOR EACH ROW EXECUTE FUNCTION settlement_check_line();

-- Who appoints staff moves no money, superusers included.
CREATE FUNCTION settlement_check_clerk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind IN ('deposit', 'withdrawal', 'correction') AND (
        TG_OP = 'INSERT' AND exchange_appoints(NEW.proposed_by_id)
        OR TG_OP = 'UPDATE' AND NEW.state = 'approved' AND exchange_appoints(NEW.decided_by_id)
    ) THEN
        RAISE EXCEPTION 'who appoints staff has no right over money' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_clerk BEFORE INSERT OR UPDATE ON proposals_proposal
    FOR EACH ROW EXECUTE FUNCTION settlement_check_clerk();

-- What no trade moves is what this very transaction has approved, line by line; and no trade is with the outside world.
-- With a remote wallet money comes and goes by what was reserved there. A copy with play money is not asked.
CREATE FUNCTION settlement_check_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    IF exchange_plays() THEN
        RETURN NULL;
    END IF;
    SELECT a.transfer_id, a.kind INTO wrong FROM added a
    WHERE (a.kind NOT IN ('trade', 'fee')
           OR a.account_id IN (SELECT id FROM settlement_account WHERE owner_id IS NULL AND kind = 'external'))
      AND NOT (a.kind = 'reserve' AND EXISTS (SELECT FROM settlement_walletreservation WHERE id = a.transfer_id))
      AND NOT (a.kind = 'release' AND EXISTS (SELECT FROM settlement_walletrelease WHERE id = a.transfer_id))
      AND NOT (a.kind = 'correction' AND EXISTS (
          SELECT FROM settlement_walletoperation WHERE reversal_id = a.transfer_id AND kind = 'settlement'))
      AND NOT EXISTS (
          SELECT FROM proposals_proposal p JOIN settlement_adjustmentline l ON l.adjustment_id = p.id
          WHERE p.id = a.transfer_id AND p.kind = a.kind AND p.state = 'approved'
            AND p.decided_in = pg_current_xact_id()::text::bigint AND p.decided_at = now()
            AND l.account_id = a.account_id AND l.available + l.held = a.amount)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % is a % that no two people decided on', wrong.transfer_id, wrong.kind
            USING ERRCODE = 'check_violation',
                HINT = 'Money is moved by hand by a proposal that another member of staff approves.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_by_two AFTER INSERT ON settlement_ledgerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION settlement_check_by_hand();
"""
REVERSE = """
DROP TRIGGER ledger_by_two ON settlement_ledgerentry;
DROP TRIGGER proposal_clerk ON proposals_proposal;
DROP TRIGGER adjustmentline_with_proposal ON settlement_adjustmentline;
DROP FUNCTION settlement_check_by_hand();
DROP FUNCTION settlement_check_clerk();
DROP FUNCTION settlement_check_line();
"""
