using System.Data.Common;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Audit;

internal sealed record AuditFilter
{
    public string? Kind { get; init; }

    public Guid? Account { get; init; }

    /// <summary>Ids that the account had besides.</summary>
    public IReadOnlyCollection<Guid> Former { get; init; } = [];

    public string? Model { get; init; }

    /// <summary>Only with <see cref="Model"/>: two models may have rows of one id.</summary>
    public string? Row { get; init; }

    public string? Action { get; init; }

    public string? Permission { get; init; }

    public string? RequestId { get; init; }

    /// <summary>Models of which no change is listed.</summary>
    public IReadOnlyCollection<string> Without { get; init; } = [];

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public int Limit { get; init; } = 50;

    public Cursor? After { get; init; }
}

/// <summary>Reads the table <c>audit_log</c>, which AuditLog and DeniedRequestLog write, for <see cref="AuditReader"/>.</summary>
internal sealed class AuditStore(Database database)
{
    public static readonly Keyset<AuditRow> Keyset = new Keyset<AuditRow>("-at")
        .By("at", row => row.At, descending: true)
        .By("id", row => row.Id, descending: true);

    public async Task<KeysetPage<AuditRow>> ListAsync(AuditFilter filter, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        if (filter.Account is { } account)
        {
            filter = filter with { Former = await ListFormerAsync(connection, account, cancellationToken) };
        }

        var (sql, values) = Query(filter, database);
        var rows = await connection.QueryAsync<AuditRow>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(rows.AsList(), filter.Limit);
    }

    /// <summary>How many there are, counted no further than <c>most</c>.</summary>
    public async Task<long> CountAsync(AuditFilter filter, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        if (filter.Account is { } account)
        {
            filter = filter with { Former = await ListFormerAsync(connection, account, cancellationToken) };
        }

        var (sql, values) = Query(filter with { Limit = most - 1, After = null }, database);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"SELECT COUNT(*) FROM ({sql.Replace(AuditRow.Columns, "1", StringComparison.Ordinal)}) AS counted",
            values,
            cancellationToken: cancellationToken));
    }

    public async Task<AuditRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {AuditRow.Columns} FROM audit_log WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<AuditRow>(
            new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
    }

    /// <summary>Its own changes and those of its direct memberships, the newest first.</summary>
    public async Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(Guid account, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = new List<AuditRow>();
        foreach (var id in (await ListFormerAsync(connection, account, cancellationToken)).Prepend(account))
        {
            rows.AddRange(await connection.QueryAsync<AuditRow>(new CommandDefinition(
                QueryAboutAccount(database.Engine), new { account = id.ToString(), limit }, cancellationToken: cancellationToken)));
        }

        return [.. rows.OrderByDescending(row => row.At).ThenByDescending(row => row.Id).Take(limit)];
    }

    // Two accounts that have become one did what either has done.
    private static async Task<IReadOnlyList<Guid>> ListFormerAsync(
        DbConnection connection, Guid account, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<Guid>(new CommandDefinition(
            "SELECT former_id FROM merged_accounts WHERE account_id = @account",
            new { account },
            cancellationToken: cancellationToken))).AsList();

    // Along two indexes. The second is of an expression and for two actions, and is found by the same text alone: no parameters.
    public static string QueryAboutAccount(DatabaseEngine engine)
    {
        var member = engine == DatabaseEngine.PostgreSql
            ? "(COALESCE(new_values, old_values)::json ->> 'accountId')"
            : "json_extract(COALESCE(new_values, old_values), '$.accountId')";
        return $"""
            SELECT {AuditRow.Columns}
            FROM (
                SELECT {AuditRow.Columns}
                FROM audit_log
                WHERE row_id = @account AND (model = 'account') IS TRUE
                ORDER BY at DESC, id DESC
                LIMIT @limit
            ) AS itself
            UNION ALL
            SELECT {AuditRow.Columns}
            FROM (
                SELECT {AuditRow.Columns}
                FROM audit_log
                WHERE {member} = @account AND model = 'group' AND action IN ('add-member', 'remove-member')
                ORDER BY at DESC, id DESC
                LIMIT @limit
            ) AS memberships
            ORDER BY at DESC, id DESC
            LIMIT @limit
            """;
    }

    // Along one index, in the order of the list, and no further than the page.
    public static (string Sql, DynamicParameters Values) Query(AuditFilter filter, Database database)
    {
        var conditions = new List<string>();
        var values = new DynamicParameters();
        // The filter that leaves the fewest rows first.
        Equal("request_id", filter.RequestId);
        Equal("row_id", filter.Row);
        if (filter.Former.Count == 0)
        {
            Equal("account_id", filter.Account);
        }
        else
        {
            conditions.Add($"account_id IN {database.Elements("@accounts", "uuid")}");
            values.Add("accounts", JsonSerializer.Serialize(filter.Former.Append(filter.Account!.Value)));
        }

        Equal("permission", filter.Permission);
        Equal("model", filter.Model);
        Equal("action", filter.Action);
        Equal("kind", filter.Kind);
        if (filter.Without.Count > 0)
        {
            // Written so that no index fits it, as below.
            conditions.Add($"(kind <> 'change' OR model NOT IN {database.Elements("@without", "text")}) IS TRUE");
            values.Add("without", JsonSerializer.Serialize(filter.Without));
        }

        if (filter.From is { } from)
        {
            conditions.Add("at >= @from");
            values.Add("from", from);
        }

        // Only one upper end: an index is entered at one, and another would be compared row by row.
        var endsAtTo = filter.To is not null && (filter.After is null || filter.To <= (DateTimeOffset)Keyset.Read(filter.After)![0]);
        conditions.Add(Keyset.StartAfter(endsAtTo ? null : filter.After, filter.Limit, values));
        if (endsAtTo)
        {
            conditions.Add("at < @to");
            values.Add("to", filter.To);
        }

        return ($"""
            SELECT {AuditRow.Columns}
            FROM audit_log
            WHERE {string.Join(" AND ", conditions)}
            ORDER BY {Keyset.OrderBy}
            LIMIT @limit
            """, values);

        // The first one chooses the index. The others are written so that no index fits them: without statistics SQLite takes one index
        // for as good as another. Not with COALESCE: PostgreSQL would expect no rows of it, and read the whole log.
        void Equal(string column, object? value)
        {
            if (value is not null)
            {
                conditions.Add(conditions.Count == 0 ? $"{column} = @{column}" : $"({column} = @{column}) IS TRUE");
                values.Add(column, value);
            }
        }
    }
}
