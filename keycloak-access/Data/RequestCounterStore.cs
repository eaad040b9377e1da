using Dapper;

namespace KeycloakAccess.Data;

/// <summary>Reads what <see cref="RequestCounters"/> has counted.</summary>
internal sealed class RequestCounterStore(Database database)
{
    /// <returns>The amounts of each slot from one on, by its name; a slot in which nothing happened is not there.</returns>
    public async Task<IReadOnlyDictionary<string, long>> ListAsync(string series, string from, CancellationToken cancellationToken)
    {
        const string sql = "SELECT slot, amount FROM request_counters WHERE series = @series AND slot >= @from AND item = ''";
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string Slot, long Amount)>(new CommandDefinition(sql, new { series, from }, cancellationToken: cancellationToken));
        return rows.ToDictionary(row => row.Slot, row => row.Amount, StringComparer.Ordinal);
    }

    /// <returns>Those of which there was the most in a slot.</returns>
    public async Task<IReadOnlyList<(string Item, long Amount)>> MostAsync(string series, string slot, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT item, amount
            FROM request_counters
            WHERE series = @series AND slot = @slot
            ORDER BY amount DESC
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<(string Item, long Amount)>(new CommandDefinition(sql, new { series, slot, limit }, cancellationToken: cancellationToken))).AsList();
    }
}
