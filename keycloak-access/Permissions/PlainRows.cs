using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

// Rows without a row-level rule, known by UUIDs. The SQL is that of the module that owns the table: exists counts the rows of @row, list
// has @limit ids after @after.
internal sealed class PlainRows(Database database, string model, string exists, string list) : IModelRows
{
    public string Model => model;

    public async Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var row))
        {
            return false;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(exists, new { row }, cancellationToken: cancellationToken)) > 0;
    }

    public async Task<(IReadOnlyList<string> Ids, string? Next)> ListIdsAsync(
        RowSubject subject, int limit, string? after, CancellationToken cancellationToken)
    {
        // Not a Keyset: the place is the id alone, as AuthZEN's token holds it. The smallest UUID starts: no row is given it.
        var last = Guid.Empty;
        if (after is not null && !Guid.TryParse(after, out last))
        {
            return ([], null);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var ids = (await connection.QueryAsync<Guid>(new CommandDefinition(
            list, new { after = last, limit = limit + 1 }, cancellationToken: cancellationToken))).AsList();
        var page = ids.Take(limit).Select(id => id.ToString()).ToArray();
        return (page, ids.Count > limit ? page[^1] : null);
    }
}
