using Dapper;

namespace KeycloakAccess.Data;

internal sealed class RequestCounterStore(Database database)
{
    /// <summary>A slot in which nothing happened is not there.</summary>
    public async Task<IReadOnlyDictionary<string, long>> ListAsync(string series, string from, CancellationToken cancellationToken)
    {
        const string sql = "SELECT slot, amount FROM request_counters WHERE series = @series AND slot >= @from AND item = ''";
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string Slot, long Amount)>(
            new CommandDefinition(sql, new { series, from }, cancellationToken: cancellationToken));
        return rows.ToDictionary(row => row.Slot, row => row.Amount, StringComparer.Ordinal);
    }

    public async Task<IReadOnlyList<(string Item, long Amount)>> MostAsync(
        string series, string slot, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT item, amount
            FROM request_counters
            WHERE series = @series AND slot = @slot
            ORDER BY amount DESC
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<(string Item, long Amount)>(
            new CommandDefinition(sql, new { series, slot, limit }, cancellationToken: cancellationToken))).AsList();
    }
}
