using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>In memory: none is ever removed, so only new ones are read.</summary>
internal sealed class ObservedRoles(Database database) : IDisposable
{
    // PostgreSQL assigns numbers before a transaction is over, so a lower one may appear later.
    private const int ReadAgain = 1000;

    private readonly SemaphoreSlim _reading = new(1, 1);
    private volatile Snapshot _observed = new([], 0);

    public async ValueTask<IReadOnlyList<ObservedRole>> ListAsync(CancellationToken cancellationToken)
    {
        const string sql = "SELECT id, kind, client, name FROM observed_roles WHERE id > @from ORDER BY id";
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var before = _observed;
            await using var connection = await database.OpenAsync(cancellationToken);
            var newest = await connection.ExecuteScalarAsync<long?>(
                new CommandDefinition("SELECT MAX(id) FROM observed_roles", cancellationToken: cancellationToken)) ?? 0;
            if (newest == before.Newest)
            {
                return before.Roles;
            }

            var from = Math.Max(0, before.Newest - ReadAgain);
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(sql, new { from }, cancellationToken: cancellationToken));
            ObservedRole[] roles =
            [
                .. before.Roles.TakeWhile(role => role.Id <= from),
                .. rows.Select(row => new ObservedRole(row.Id, new KeycloakRole(RoleKinds.Parse(row.Kind), row.Client, row.Name))),
            ];
            _observed = new Snapshot(roles, newest);
            return roles;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private sealed record Snapshot(IReadOnlyList<ObservedRole> Roles, long Newest);

    private sealed record Row
    {
        public required long Id { get; init; }

        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }
    }
}

internal sealed record ObservedRole(long Id, KeycloakRole Role);
