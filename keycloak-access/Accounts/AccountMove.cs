using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>Two accounts of one subject that have become one: the older keeps its id.</summary>
internal sealed record MergedAccount(Guid Id, Guid FormerId, string Username, bool Enabled, bool WasEnabled);

/// <summary>What has been carried over, or would be; rows by the tables that name an issuer.</summary>
internal sealed record MoveReport(
    IReadOnlyList<Account> Moved, IReadOnlyList<MergedAccount> Merged, IReadOnlyDictionary<string, int> Rows)
{
    public bool IsEmpty => Moved.Count == 0 && Merged.Count == 0 && Rows.Values.All(count => count == 0);
}

/// <summary>
/// Carries everything that is kept under one issuer over to another, in one transaction: the same realm has another address. Where a
/// subject has an account under both, the older keeps its id, is a member of the groups of both, and is enabled if both are.
/// </summary>
internal sealed class AccountMove(ChangeRunner changes, TimeProvider clock)
{
    public const string Move = "move";
    public const string Merge = "merge";

    // Tables whose key holds the issuer: what stands there already gives way to what is newer.
    private static readonly Dictionary<string, string> Tables = new(StringComparer.Ordinal)
    {
        ["sessions"] = "UPDATE sessions SET issuer = @to WHERE issuer = @from",
        ["former_sessions"] = "UPDATE former_sessions SET issuer = @to WHERE issuer = @from",
        ["form_drafts"] = "UPDATE form_drafts SET issuer = @to WHERE issuer = @from",
        ["realm_logouts"] = "UPDATE realm_logouts SET issuer = @to WHERE issuer = @from",
        ["deleted_accounts"] = "UPDATE deleted_accounts SET issuer = @to WHERE issuer = @from",
        ["logout_tokens"] = """
            INSERT INTO logout_tokens (issuer, token_id, keep_until)
            SELECT @to, token_id, keep_until FROM logout_tokens WHERE issuer = @from
            ON CONFLICT (issuer, token_id) DO NOTHING
            """,
        ["ended_sessions"] = """
            INSERT INTO ended_sessions (issuer, session_id, subject, ended_at, keep_until)
            SELECT @to, session_id, subject, ended_at, keep_until FROM ended_sessions WHERE issuer = @from
            ON CONFLICT (issuer, session_id, subject) DO UPDATE SET
                ended_at = CASE WHEN excluded.ended_at > ended_sessions.ended_at THEN excluded.ended_at ELSE ended_sessions.ended_at END,
                keep_until = CASE WHEN excluded.keep_until > ended_sessions.keep_until
                    THEN excluded.keep_until ELSE ended_sessions.keep_until END
            """,
        ["revocations"] = """
            INSERT INTO revocations (id, issuer, kind, value, issued_until, revoked_at, keep_until)
            SELECT id, @to, kind, value, issued_until, revoked_at, keep_until FROM revocations WHERE issuer = @from
            ON CONFLICT (issuer, kind, value) DO UPDATE SET
                issued_until = CASE WHEN excluded.issued_until > revocations.issued_until OR excluded.issued_until IS NULL
                    THEN excluded.issued_until ELSE revocations.issued_until END,
                keep_until = CASE WHEN excluded.keep_until > revocations.keep_until OR excluded.keep_until IS NULL
                    THEN excluded.keep_until ELSE revocations.keep_until END
            """,
        ["realm_keys"] = """
            INSERT INTO realm_keys (issuer, key_id, algorithm, first_seen_at, last_seen_at)
            SELECT @to, key_id, algorithm, first_seen_at, last_seen_at FROM realm_keys WHERE issuer = @from
            ON CONFLICT (issuer, key_id) DO UPDATE SET
                first_seen_at = CASE WHEN excluded.first_seen_at < realm_keys.first_seen_at
                    THEN excluded.first_seen_at ELSE realm_keys.first_seen_at END
            """,
        ["client_tokens"] = """
            INSERT INTO client_tokens
                (issuer, client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, seen_at)
            SELECT @to, client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, seen_at
            FROM client_tokens WHERE issuer = @from
            ON CONFLICT (issuer, client_id) DO NOTHING
            """,
    };

    /// <summary>A dry run does all of it, and undoes it.</summary>
    public Task<ChangeOutcome<MoveReport>> RunAsync(
        (string From, string To) issuers, bool isDryRun, Actor actor, bool allowsNoSuperuser, CancellationToken cancellationToken) =>
        changes.RunOnHoldersAsync<MoveReport>(
            actor,
            allowsNoSuperuser,
            async change =>
            {
                var report = await RunAsync(change, issuers);
                return isDryRun || report.IsEmpty ? ChangeOutcome.Unchanged(report) : ChangeOutcome.Done(report);
            },
            cancellationToken);

    private async Task<MoveReport> RunAsync(ChangeTransaction change, (string From, string To) issuers)
    {
        var (from, to) = issuers;
        const string pairs = """
            SELECT f.id AS former, t.id AS present
            FROM accounts f
            JOIN accounts t ON t.issuer = @to AND t.subject = f.subject
            WHERE f.issuer = @from
            ORDER BY f.id
            """;
        var merged = new List<MergedAccount>();
        foreach (var (former, present) in (await change.QueryAsync<(Guid, Guid)>(pairs, new { from, to })).ToArray())
        {
            merged.Add(await MergeAsync(change, former, present, issuers));
        }

        var moved = (await change.QueryAsync<Account>(
            $"UPDATE accounts SET issuer = @to WHERE issuer = @from RETURNING {AccountStore.Columns}", new { from, to }))
            .OrderBy(account => account.Username, StringComparer.Ordinal)
            .ThenBy(account => account.Id)
            .ToArray();
        await change.RecordAsync([.. moved.Select(account => new AuditChange(
            AccountPermissions.Model,
            account.Id.ToString(),
            Move,
            Values(("username", account.Username), ("issuer", from)),
            Values(("username", account.Username), ("issuer", to))))]);
        var rows = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (table, sql) in Tables.OrderBy(table => table.Key, StringComparer.Ordinal))
        {
            rows[table] = await change.ExecuteAsync(sql, new { from, to });
            if (!sql.StartsWith("UPDATE", StringComparison.Ordinal))
            {
                rows[table] = await change.ExecuteAsync($"DELETE FROM {table} WHERE issuer = @from", new { from });
            }
        }

        return new MoveReport(moved, merged, rows);
    }

    private async Task<MergedAccount> MergeAsync(
        ChangeTransaction change, Guid former, Guid present, (string From, string To) issuers)
    {
        var one = (await FindAsync(change, former))!;
        var other = (await FindAsync(change, present))!;
        var (kept, gone) = one.CreatedAt <= other.CreatedAt ? (one, other) : (other, one);
        var values = new { kept = kept.Id, gone = gone.Id };
        var groups = (await change.QueryAsync<Guid>(
            """
            SELECT group_id FROM group_members WHERE account_id = @gone
            EXCEPT
            SELECT group_id FROM group_members WHERE account_id = @kept
            """,
            values)).Order().ToArray();
        // Of two memberships in one group, the longer one.
        await change.ExecuteAsync(
            """
            UPDATE group_members SET ends_at = (
                SELECT CASE WHEN g.ends_at > group_members.ends_at THEN g.ends_at WHEN g.ends_at IS NOT NULL THEN group_members.ends_at END
                FROM group_members g WHERE g.account_id = @gone AND g.group_id = group_members.group_id)
            WHERE account_id = @kept AND ends_at IS NOT NULL
                AND group_id IN (SELECT group_id FROM group_members WHERE account_id = @gone);
            INSERT INTO group_members (group_id, account_id, ends_at, reason)
            SELECT group_id, @kept, ends_at, reason FROM group_members
            WHERE account_id = @gone AND group_id NOT IN (SELECT group_id FROM group_members WHERE account_id = @kept)
            """,
            values);
        if (gone.RolesIssuedAt > kept.RolesIssuedAt || (gone.RolesIssuedAt is not null && kept.RolesIssuedAt is null))
        {
            await change.ExecuteAsync(
                """
                DELETE FROM account_roles WHERE account_id = @kept;
                INSERT INTO account_roles (account_id, role_id) SELECT @kept, role_id FROM account_roles WHERE account_id = @gone
                """,
                values);
        }

        await change.ExecuteAsync(
            """
            UPDATE idempotency_keys SET account_id = @kept
            WHERE account_id = @gone AND key NOT IN (SELECT key FROM idempotency_keys WHERE account_id = @kept)
            """,
            values);
        var (names, roles) = (Newest(kept, gone, row => row.NamesIssuedAt), Newest(kept, gone, row => row.RolesIssuedAt));
        var enabled = kept.Enabled && gone.Enabled;
        var because = enabled || !(kept.Enabled || gone.Enabled)
            ? kept.DisabledBecause ?? gone.DisabledBecause
            : FirstSight.Former(kept.Enabled ? gone.Issuer : kept.Issuer);
        await change.ExecuteAsync("DELETE FROM accounts WHERE id = @gone", values);
        await change.ExecuteAsync(
            """
            UPDATE accounts
            SET issuer = @to, kind = @Kind, username = @Username, email = @Email, name = @Name, names_issued_at = @NamesIssuedAt,
                roles_hash = @RolesHash, roles_issued_at = @RolesIssuedAt, enabled = @enabled, disabled_because = @because,
                last_seen_at = @seen
            WHERE id = @kept
            """,
            new
            {
                kept = kept.Id,
                to = issuers.To,
                names.Kind,
                names.Username,
                names.Email,
                names.Name,
                names.NamesIssuedAt,
                roles.RolesHash,
                roles.RolesIssuedAt,
                enabled,
                because = enabled ? null : because,
                seen = kept.LastSeenAt > gone.LastSeenAt ? kept.LastSeenAt : gone.LastSeenAt,
            });
        await change.ExecuteAsync(
            """
            UPDATE merged_accounts SET account_id = @kept WHERE account_id = @gone;
            INSERT INTO merged_accounts (former_id, account_id, merged_at) VALUES (@gone, @kept, @now)
            """,
            new { kept = kept.Id, gone = gone.Id, now = clock.GetUtcNow() });
        await change.RecordAsync(
        [
            .. groups.Select(group => new AuditChange(
                GroupPermissions.Model,
                group.ToString(),
                "add-member",
                Before: null,
                Values(("accountId", kept.Id), ("username", names.Username)))),
            new AuditChange(
                AccountPermissions.Model,
                kept.Id.ToString(),
                Merge,
                Values(("username", kept.Username), ("issuer", kept.Issuer), ("enabled", kept.Enabled)),
                Values(("username", names.Username), ("issuer", issuers.To), ("enabled", enabled), ("formerId", gone.Id))),
            new AuditChange(
                AccountPermissions.Model,
                gone.Id.ToString(),
                Merge,
                Values(("username", gone.Username), ("issuer", gone.Issuer), ("enabled", gone.Enabled)),
                Values(("mergedInto", kept.Id))),
        ]);
        return new MergedAccount(kept.Id, gone.Id, names.Username, enabled, kept.Enabled || gone.Enabled);
    }

    private static Row Newest(Row kept, Row gone, Func<Row, DateTimeOffset?> at) =>
        at(gone) > at(kept) || (at(gone) is not null && at(kept) is null) ? gone : kept;

    private static Task<Row?> FindAsync(ChangeTransaction change, Guid id) => change.FindAsync<Row>(
        $"""
        SELECT {AccountStore.Columns}, roles_hash, roles_issued_at, names_issued_at
        FROM accounts
        WHERE id = @id
        """ + change.ForUpdate,
        new { id });

    private static Dictionary<string, object?> Values(params (string Name, object? Value)[] values) =>
        values.ToDictionary(value => value.Name, value => value.Value, StringComparer.Ordinal);

    private sealed record Row : Account
    {
        public string? RolesHash { get; init; }

        public DateTimeOffset? RolesIssuedAt { get; init; }

        public DateTimeOffset? NamesIssuedAt { get; init; }
    }
}
