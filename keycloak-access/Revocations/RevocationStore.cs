using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Revocations;

internal sealed class RevocationStore(Database database, TimeProvider clock)
{
    public static readonly Keyset<Revocation> Keyset = new Keyset<Revocation>("-revoked")
        .By("revoked_at", revocation => revocation.RevokedAt, descending: true)
        .By("id", revocation => revocation.Id, descending: true);

    private const string Columns = "id, issuer, kind, value, issued_until, revoked_at, keep_until";

    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        RevocationPermissions.Model,
        exists: "SELECT COUNT(*) FROM revocations WHERE id = @row",
        list: "SELECT id FROM revocations WHERE id > @after ORDER BY id LIMIT @limit");

    /// <summary>The newest first. What has expired anyhow is not among them.</summary>
    public async Task<KeysetPage<Revocation>> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { now = clock.GetUtcNow() });
        var sql = $"""
            SELECT {Columns}
            FROM revocations
            WHERE (keep_until IS NULL OR keep_until > @now) AND {Keyset.StartAfter(after, limit, values)}
            ORDER BY {Keyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Revocation>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(rows.AsList(), limit);
    }

    public async Task<long> CountAsync(long most, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT COUNT(*) FROM (
                SELECT 1 FROM revocations WHERE keep_until IS NULL OR keep_until > @now LIMIT @most) AS counted
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(sql, new { now = clock.GetUtcNow(), most }, cancellationToken: cancellationToken));
    }

    public async Task<Revocation?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Revocation>(new CommandDefinition(
            $"SELECT {Columns} FROM revocations WHERE id = @id", new { id }, cancellationToken: cancellationToken));
    }

    public static Task<Revocation?> FindAsync(ChangeTransaction change, Guid id) =>
        change.FindAsync<Revocation>($"SELECT {Columns} FROM revocations WHERE id = @id{change.ForUpdate}", new { id });

    /// <summary>Of the same token, client or everything.</summary>
    public static Task<Revocation?> FindAsync(ChangeTransaction change, Revocation like) => change.FindAsync<Revocation>(
        $"SELECT {Columns} FROM revocations WHERE issuer = @Issuer AND kind = @Kind AND value = @Value{change.ForUpdate}", like);

    /// <summary>Adds it, or changes the one of the same token, client or everything.</summary>
    public static async Task SaveAsync(ChangeTransaction change, Revocation? before, Revocation after)
    {
        const string expire = "DELETE FROM revocations WHERE keep_until < @RevokedAt";
        const string save = """
            INSERT INTO revocations (id, issuer, kind, value, issued_until, revoked_at, keep_until)
            VALUES (@Id, @Issuer, @Kind, @Value, @IssuedUntil, @RevokedAt, @KeepUntil)
            ON CONFLICT (issuer, kind, value) DO UPDATE SET
                issued_until = excluded.issued_until, revoked_at = excluded.revoked_at, keep_until = excluded.keep_until
            """;
        await change.ExecuteAsync(expire, after);
        await change.ExecuteAsync(save, after);
        await change.RecordAsync(new AuditChange(
            RevocationPermissions.Model,
            after.Id.ToString(),
            before is null ? Permission.Add : Permission.Change,
            before is null ? null : Values(before),
            Values(after)));
    }

    public static async Task DeleteAsync(ChangeTransaction change, Revocation revocation)
    {
        await change.ExecuteAsync("DELETE FROM revocations WHERE id = @Id", revocation);
        await change.RecordAsync(new AuditChange(
            RevocationPermissions.Model, revocation.Id.ToString(), Permission.Delete, Values(revocation), After: null));
    }

    private static Dictionary<string, object?> Values(Revocation revocation) => new(StringComparer.Ordinal)
    {
        ["kind"] = revocation.Kind,
        ["value"] = revocation.Value,
        ["issuedUntil"] = revocation.IssuedUntil,
    };
}
