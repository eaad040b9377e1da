using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>What a request was answered. Without a status it is still running, or its process has ended.</summary>
internal sealed record IdempotentAnswer
{
    public required string Fingerprint { get; init; }

    public required string RequestId { get; init; }

    public required DateTimeOffset ClaimedAt { get; init; }

    public int? Status { get; init; }

    public string? ContentType { get; init; }

    public string? Location { get; init; }

    public string? Etag { get; init; }

    public string? Body { get; init; }
}

internal sealed class IdempotencyKeyStore(Database database, TimeProvider clock)
{
    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(1);

    /// <summary>Claims a key for a request.</summary>
    /// <returns>Null if it is claimed now, or what stands under it since before.</returns>
    public Task<IdempotentAnswer?> ClaimAsync(
        Guid account, string key, string fingerprint, string requestId, CancellationToken cancellationToken)
    {
        const string expire = "DELETE FROM idempotency_keys WHERE claimed_at < @oldest";
        const string claim = """
            INSERT INTO idempotency_keys (account_id, key, fingerprint, request_id, claimed_at)
            VALUES (@account, @key, @fingerprint, @requestId, @now)
            ON CONFLICT (account_id, key) DO NOTHING
            """;
        const string find = """
            SELECT fingerprint AS "Fingerprint", request_id AS "RequestId", claimed_at AS "ClaimedAt", status AS "Status",
                content_type AS "ContentType", location AS "Location", etag AS "Etag", body AS "Body"
            FROM idempotency_keys
            WHERE account_id = @account AND key = @key
            """;
        var now = clock.GetUtcNow();
        var values = new { account, key, fingerprint, requestId, now, oldest = now - KeepFor };
        return database.WriteAsync<IdempotentAnswer?>(
            async write =>
            {
                CommandDefinition Command(string sql) => new(sql, values, write.Transaction, cancellationToken: cancellationToken);

                await write.Connection.ExecuteAsync(Command(expire));
                if (await write.Connection.ExecuteAsync(Command(claim)) == 1)
                {
                    await write.CommitAsync();
                    return null;
                }

                var answer = await write.Connection.QuerySingleOrDefaultAsync<IdempotentAnswer>(Command(find));
                await write.CommitAsync();
                return answer;
            },
            cancellationToken);
    }

    public Task CompleteAsync(Guid account, string key, IdempotentAnswer answer, CancellationToken cancellationToken)
    {
        const string sql = """
            UPDATE idempotency_keys
            SET status = @Status, content_type = @ContentType, location = @Location, etag = @Etag, body = @Body
            WHERE account_id = @account AND key = @key AND request_id = @RequestId
            """;
        var values = new
        {
            account,
            key,
            answer.RequestId,
            answer.Status,
            answer.ContentType,
            answer.Location,
            answer.Etag,
            answer.Body,
        };
        return database.WriteAsync(sql, values, cancellationToken);
    }

    /// <summary>Gives a key back that a request has claimed and changed nothing under: the audit log would have it.</summary>
    /// <returns>Whether it is free now.</returns>
    public Task<bool> ReleaseAsync(Guid account, string key, string requestId, CancellationToken cancellationToken)
    {
        const string sql = "DELETE FROM idempotency_keys WHERE account_id = @account AND key = @key AND request_id = @requestId";
        return database.WriteAsync(
            async write =>
            {
                if (await AuditLog.HasChangeAsync(write.Connection, write.Transaction, requestId, cancellationToken))
                {
                    return false;
                }

                await write.Connection.ExecuteAsync(
                    new CommandDefinition(sql, new { account, key, requestId }, write.Transaction, cancellationToken: cancellationToken));
                await write.CommitAsync();
                return true;
            },
            cancellationToken);
    }
}
