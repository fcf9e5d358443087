"""What the database asks of two people: rules, terms and stops of markets, limits by hand, and who is staff."""

SQL = """
CREATE FUNCTION exchange_rule_value(wanted text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT value FROM exchange_rule WHERE name = wanted
$$;
-- A copy with play money lets funds and staff come from nowhere. It is one from its beginning or never.
CREATE FUNCTION exchange_plays() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(exchange_rule_value('play_money'), 0) > 0
$$;
CREATE FUNCTION exchange_has_staff() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM exchange_user WHERE is_staff)
$$;
CREATE FUNCTION exchange_refuse(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', what USING ERRCODE = 'check_violation',
        HINT = 'It is proposed by one member of staff and approved by another.';
END $$;

-- Rules.
CREATE FUNCTION exchange_check_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.name <> OLD.name THEN
        PERFORM exchange_refuse('rules are neither added nor removed');
    ELSIF NEW.value <> OLD.value AND exchange_has_staff()
          AND (NEW.name = 'play_money' OR NOT proposals_decided('rule', NEW.name)) THEN
        PERFORM exchange_refuse('a rule is changed by two people, play money never');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rule_by_two BEFORE INSERT OR UPDATE OR DELETE ON exchange_rule
    FOR EACH ROW EXECUTE FUNCTION exchange_check_rule();

-- How much of an asset one person may move by hand.
CREATE FUNCTION exchange_check_hand_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF exchange_plays() OR proposals_decided('asset.limit', NEW.code) OR NOT exchange_has_staff() THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.hand_limit <> 0 OR TG_OP = 'UPDATE' AND NEW.hand_limit <> OLD.hand_limit THEN
        PERFORM exchange_refuse('the limit by hand of an asset is set by two people');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER asset_limit_by_two BEFORE INSERT OR UPDATE ON exchange_asset
    FOR EACH ROW EXECUTE FUNCTION exchange_check_hand_limit();

-- Fees and price band: one person moves them within a margin of what was agreed. No band is infinitely wide.
CREATE FUNCTION exchange_is_within(agreed bigint, wanted bigint, margin bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$ SELECT abs(agreed - wanted) <= margin $$;
CREATE FUNCTION exchange_check_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fee_margin bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.agreed_maker_fee_ppm := NEW.maker_fee_ppm;
        NEW.agreed_taker_fee_ppm := NEW.taker_fee_ppm;
        NEW.agreed_price_band_ppm := NEW.price_band_ppm;
        NEW.made_in := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END IF;
    NEW.agreed_maker_fee_ppm := OLD.agreed_maker_fee_ppm;
    NEW.agreed_taker_fee_ppm := OLD.agreed_taker_fee_ppm;
    NEW.agreed_price_band_ppm := OLD.agreed_price_band_ppm;
    NEW.made_in := OLD.made_in;
    IF (NEW.maker_fee_ppm, NEW.taker_fee_ppm, NEW.price_band_ppm)
       = (OLD.maker_fee_ppm, OLD.taker_fee_ppm, OLD.price_band_ppm) THEN
        RETURN NEW;
    END IF;
    fee_margin := exchange_rule_value('fee_margin_ppm');
    IF NOT proposals_decided('market.terms', NEW.id::text)
       AND exchange_is_within(OLD.agreed_maker_fee_ppm, NEW.maker_fee_ppm, fee_margin)
       AND exchange_is_within(OLD.agreed_taker_fee_ppm, NEW.taker_fee_ppm, fee_margin)
       AND (NEW.price_band_ppm = OLD.price_band_ppm
            OR NEW.price_band_ppm > 0 AND OLD.agreed_price_band_ppm > 0 AND exchange_is_within(
                OLD.agreed_price_band_ppm, NEW.price_band_ppm, exchange_rule_value('band_margin_ppm'))) THEN
        RETURN NEW;
    END IF;
    IF NOT exchange_plays() AND NOT proposals_decided('market.terms', NEW.id::text) THEN
        PERFORM exchange_refuse('fees and price band are changed this far by two people');
    END IF;
    NEW.agreed_maker_fee_ppm := NEW.maker_fee_ppm;
    NEW.agreed_taker_fee_ppm := NEW.taker_fee_ppm;
    NEW.agreed_price_band_ppm := NEW.price_band_ppm;
    RETURN NEW;
END $$;
CREATE TRIGGER market_terms_by_two BEFORE INSERT OR UPDATE ON exchange_market
    FOR EACH ROW EXECUTE FUNCTION exchange_check_terms();

-- Fee tiers come with their market, and change by two people.
CREATE FUNCTION exchange_check_tier() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tier exchange_feetier := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.market_id <> OLD.market_id THEN
        PERFORM exchange_refuse('a fee tier stays with its market');
    END IF;
    IF NOT exchange_plays() AND NOT proposals_decided('market.terms', tier.market_id::text)
       AND NOT EXISTS (SELECT FROM exchange_market
                       WHERE id = tier.market_id AND made_in = pg_current_xact_id()::text::bigint) THEN
        PERFORM exchange_refuse('fee tiers are changed by two people');
    END IF;
    RETURN tier;
END $$;
CREATE TRIGGER fee_tier_by_two BEFORE INSERT OR UPDATE OR DELETE ON exchange_feetier
    FOR EACH ROW EXECUTE FUNCTION exchange_check_tier();

-- Nobody alone keeps a market from trading for longer than a day.
CREATE FUNCTION exchange_check_stop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.trading_state = 'continuous' THEN
        NEW.stop_ends_at := NULL;
        NEW.stopped_by_id := NULL;
        NEW.state_before_stop := '';
    ELSIF (NEW.trading_state, NEW.stop_ends_at) IS DISTINCT FROM (OLD.trading_state, OLD.stop_ends_at)
          AND NOT exchange_plays() AND NOT proposals_decided('market.stop', NEW.id::text)
          AND NOT (OLD.stop_ends_at IS NOT NULL AND NEW.stop_ends_at IS NULL
                   AND NEW.trading_state = OLD.state_before_stop)
          AND coalesce(NEW.stop_ends_at > now() + make_interval(hours => exchange_rule_value('stop_hours')::int),
                       true) THEN
        PERFORM exchange_refuse('a market is stopped for longer by two people');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER market_stop_by_two BEFORE UPDATE ON exchange_market
    FOR EACH ROW EXECUTE FUNCTION exchange_check_stop();

-- Who is staff, and with which rights. The first two members of staff are made by whoever sets the exchange up.
CREATE FUNCTION exchange_may_appoint(wanted uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT exchange_plays() OR proposals_decided('staff.rights', wanted::text)
        OR (SELECT count(*) FROM exchange_user WHERE is_staff AND id <> wanted) < 2
           AND NOT EXISTS (SELECT FROM exchange_user WHERE id = wanted AND rights_since IS NOT NULL)
$$;
CREATE FUNCTION exchange_check_staff() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was exchange_user := CASE WHEN TG_OP = 'UPDATE' THEN OLD END;
    is_about_staff boolean := NEW.is_staff OR NEW.is_superuser
        OR TG_OP = 'UPDATE' AND (OLD.is_staff OR OLD.is_superuser);
    is_other boolean := TG_OP = 'INSERT' OR (NEW.is_staff, NEW.is_superuser, NEW.is_active)
        IS DISTINCT FROM (was.is_staff, was.is_superuser, was.is_active);
BEGIN
    IF pg_trigger_depth() = 1 THEN
        NEW.rights_since := was.rights_since;  -- nobody writes it but these triggers
    END IF;
    IF is_about_staff AND is_other AND NOT exchange_may_appoint(NEW.id) THEN
        PERFORM exchange_refuse('members of staff are made and changed by two people');
    END IF;
    IF exchange_plays() THEN
        RETURN NEW;
    END IF;
    IF is_about_staff AND is_other AND proposals_decided('staff.rights', NEW.id::text)
       OR TG_OP = 'UPDATE' AND NEW.is_staff AND NEW.password <> OLD.password THEN
        NEW.rights_since := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER staff_by_two
    BEFORE INSERT OR UPDATE OF is_staff, is_superuser, is_active, password, rights_since ON exchange_user
    FOR EACH ROW EXECUTE FUNCTION exchange_check_staff();

CREATE FUNCTION exchange_check_user_right() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM exchange_refuse('rights are given and taken, never changed');
    END IF;
    IF NOT exchange_may_appoint(wanted) THEN
        PERFORM exchange_refuse('rights are given by two people');
    END IF;
    IF TG_OP = 'INSERT' AND NOT exchange_plays() AND proposals_decided('staff.rights', wanted::text) THEN
        UPDATE exchange_user SET rights_since = now() WHERE id = wanted;
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER user_group_by_two BEFORE INSERT OR UPDATE OR DELETE ON exchange_user_groups
    FOR EACH ROW EXECUTE FUNCTION exchange_check_user_right();
CREATE TRIGGER user_right_by_two BEFORE INSERT OR UPDATE OR DELETE ON exchange_user_user_permissions
    FOR EACH ROW EXECUTE FUNCTION exchange_check_user_right();

-- Rights of a group: of a role by a release, which runs as the owner of the tables; of others by two people.
CREATE FUNCTION exchange_check_group_right() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted integer := CASE WHEN TG_OP = 'DELETE' THEN OLD.group_id ELSE NEW.group_id END;
    is_release boolean;
BEGIN
    SELECT name IN ('Viewer', 'Support', 'Settlement', 'Market operator', 'Administrator')
           AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
        INTO is_release FROM auth_group WHERE id = wanted;
    IF TG_OP = 'UPDATE' OR NOT (exchange_plays() OR coalesce(is_release, false)
                                OR proposals_decided('group.rights', wanted::text)) THEN
        PERFORM exchange_refuse('the rights of a group are changed by two people');
    END IF;
    IF TG_OP = 'INSERT' AND NOT exchange_plays() AND proposals_decided('group.rights', wanted::text) THEN
        UPDATE exchange_user SET rights_since = now()
            WHERE is_staff AND id IN (SELECT user_id FROM exchange_user_groups WHERE group_id = wanted);
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER group_right_by_two BEFORE INSERT OR UPDATE OR DELETE ON auth_group_permissions
    FOR EACH ROW EXECUTE FUNCTION exchange_check_group_right();

-- Who takes part in a proposal is staff, and who approves has been so, with these rights, for a while.
CREATE FUNCTION exchange_check_participant() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    person exchange_user;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.state NOT IN ('approved', 'rejected') THEN
        RETURN NEW;
    END IF;
    SELECT * INTO person FROM exchange_user
        WHERE id = CASE WHEN TG_OP = 'INSERT' THEN NEW.proposed_by_id ELSE NEW.decided_by_id END;
    IF NOT coalesce(person.is_staff AND person.is_active, false) THEN
        PERFORM exchange_refuse('only active members of staff propose and decide');
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'approved' AND person.rights_since
       > now() - make_interval(hours => exchange_rule_value('cooling_hours')::int) THEN
        PERFORM exchange_refuse('new and changed members of staff do not decide yet');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_participant BEFORE INSERT OR UPDATE ON proposals_proposal
    FOR EACH ROW EXECUTE FUNCTION exchange_check_participant();

-- Whether somebody may appoint staff, and so has no right over money.
CREATE FUNCTION exchange_appoints(wanted uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM exchange_user u WHERE u.id = wanted AND (
            u.is_superuser
            OR EXISTS (SELECT FROM exchange_user_user_permissions r JOIN auth_permission p ON p.id = r.permission_id
                       WHERE r.user_id = wanted AND p.codename = 'appoint_user')
            OR EXISTS (SELECT FROM exchange_user_groups g
                       JOIN auth_group_permissions r ON r.group_id = g.group_id
                       JOIN auth_permission p ON p.id = r.permission_id
                       WHERE g.user_id = wanted AND p.codename = 'appoint_user')
        )
    )
$$;
"""
REVERSE = """
DROP FUNCTION exchange_appoints(uuid);
DROP TRIGGER proposal_participant ON proposals_proposal;
DROP TRIGGER group_right_by_two ON auth_group_permissions;
DROP TRIGGER user_right_by_two ON exchange_user_user_permissions;
DROP TRIGGER user_group_by_two ON exchange_user_groups;
DROP TRIGGER staff_by_two ON exchange_user;
DROP TRIGGER market_stop_by_two ON exchange_market;
DROP TRIGGER fee_tier_by_two ON exchange_feetier;
DROP TRIGGER market_terms_by_two ON exchange_market;
DROP TRIGGER asset_limit_by_two ON exchange_asset;
DROP TRIGGER rule_by_two ON exchange_rule;
DROP FUNCTION exchange_check_participant();
DROP FUNCTION exchange_check_group_right();
DROP FUNCTION exchange_check_user_right();
DROP FUNCTION exchange_check_staff();
DROP FUNCTION exchange_may_appoint(uuid);
DROP FUNCTION exchange_check_stop();
DROP FUNCTION exchange_check_tier();
DROP FUNCTION exchange_check_terms();
DROP FUNCTION exchange_is_within(bigint, bigint, bigint);
DROP FUNCTION exchange_check_hand_limit();
DROP FUNCTION exchange_check_rule();
DROP FUNCTION exchange_refuse(text);
DROP FUNCTION exchange_has_staff();
DROP FUNCTION exchange_plays();
DROP FUNCTION exchange_rule_value(text);
"""
