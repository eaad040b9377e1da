using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Audit;

/// <summary>Which rows of the audit log, from where on.</summary>
internal sealed record AuditFilter
{
    public string? Kind { get; init; }

    public Guid? Account { get; init; }

    public string? Model { get; init; }

    /// <summary>Only with <see cref="Model"/>: two models may have rows of one id.</summary>
    public string? Row { get; init; }

    public string? Action { get; init; }

    public string? Permission { get; init; }

    public string? RequestId { get; init; }

    /// <summary>This instant and later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this instant.</summary>
    public DateTimeOffset? To { get; init; }

    public int Limit { get; init; } = 50;

    /// <summary>Of <see cref="AuditStore.Keyset"/>.</summary>
    public Cursor? After { get; init; }
}

/// <summary>Reads the table <c>audit_log</c>. It is written where things happen: AuditLog and DeniedRequestLog.</summary>
internal sealed class AuditStore(Database database)
{
    /// <summary>The one order of the list: the newest first.</summary>
    public static readonly Keyset<AuditRow> Keyset = new Keyset<AuditRow>("-at")
        .By("at", row => row.At, descending: true)
        .By("id", row => row.Id, descending: true);

    public async Task<KeysetPage<AuditRow>> ListAsync(AuditFilter filter, CancellationToken cancellationToken)
    {
        var (sql, values) = Query(filter);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = (await connection.QueryAsync<AuditRow>(new CommandDefinition(sql, values, cancellationToken: cancellationToken))).AsList();
        return Keyset.Cut(rows, filter.Limit);
    }

    public async Task<AuditRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {AuditRow.Columns} FROM audit_log WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<AuditRow>(new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
    }

    /// <returns>The newest of what was done to an account: to itself, and by putting it into groups directly or taking it out.</returns>
    public async Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(Guid account, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<AuditRow>(new CommandDefinition(
            QueryAboutAccount(database.Engine), new { account = account.ToString(), limit }, cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>
    /// The statement that reads what was done to an account: along two indexes, each no further than there are rows to show. The
    /// second is of an expression and for two actions, and is found by the same words alone, so those are no parameters.
    /// </summary>
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

    /// <summary>The statement that reads a page: along one index, in the order of the list, and no further than the page.</summary>
    public static (string Sql, DynamicParameters Values) Query(AuditFilter filter)
    {
        var conditions = new List<string>();
        var values = new DynamicParameters();
        // From the filter that leaves the fewest rows to the one that leaves the most.
        Equal("request_id", filter.RequestId);
        Equal("row_id", filter.Row);
        Equal("account_id", filter.Account);
        Equal("permission", filter.Permission);
        Equal("model", filter.Model);
        Equal("action", filter.Action);
        Equal("kind", filter.Kind);
        if (filter.From is { } from)
        {
            conditions.Add("at >= @from");
            values.Add("from", from);
        }

        // Two upper ends would be one too many: an index is entered at one, and the other would be looked for row by row.
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

        // The first one chooses the index. The others are written so that no index fits them: without statistics SQLite takes
        // one index for as good as another, and might read every refusal there is to find those of one account. PostgreSQL
        // still knows how many rows to expect: of COALESCE it would expect none, and read the whole log.
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
