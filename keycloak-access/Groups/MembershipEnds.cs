using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Groups;

/// <summary>
/// Takes the rows of memberships away that have ended, and says so in the audit log. They count for nothing from that instant on
/// anyway, on every instance, whether this has come to them or not.
/// </summary>
internal sealed partial class MembershipEnds(
    Database database, AuditLog audit, TimeProvider clock, ILogger<MembershipEnds> logger) : BackgroundService
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private const int MostAtOnce = 200;

    private bool _failing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await EndAsync(stoppingToken) == MostAtOnce)
                {
                    // The rest, in another transaction.
                }

                _failing = false;
            }
            // A background service that fails would end the host.
            catch (Exception exception) when (exception is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
            {
                if (!_failing)
                {
                    _failing = true;
                    LogFailing(exception.Message);
                }
            }
        }
    }

    private async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        const string due = "SELECT COUNT(*) FROM (SELECT 1 FROM group_members WHERE ends_at <= @now LIMIT 1) one";
        // Other instances look at the same time: each row is taken away by one of them.
        const string end = """
            DELETE FROM group_members
            WHERE ends_at <= @now AND (group_id, account_id) IN (
                SELECT group_id, account_id FROM group_members WHERE ends_at <= @now ORDER BY ends_at LIMIT @most)
            RETURNING group_id, account_id AS id, (SELECT username FROM accounts WHERE id = account_id) AS username, ends_at AS until
            """;
        var values = new { now = clock.GetUtcNow(), most = MostAtOnce };
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            if (await connection.ExecuteScalarAsync<long>(new CommandDefinition(due, values, cancellationToken: cancellationToken)) == 0)
            {
                return 0;
            }
        }

        return await database.WriteAsync(
            async write =>
            {
                var ended = (await write.Connection.QueryAsync<Row>(
                    new CommandDefinition(end, values, write.Transaction, cancellationToken: cancellationToken))).AsList();
                foreach (var together in ended.GroupBy(row => row.Until))
                {
                    await audit.RecordAsync(
                        write.Connection,
                        write.Transaction,
                        new Actor(AccountId: null, Actor.Itself, Actor.Service, RequestId: null)
                            .Because($"It was until {DirectGroup.Describe(together.Key)}."),
                        [.. together.Select(row => row.ToChange())],
                        cancellationToken);
                }

                await write.CommitAsync();
                return ended.Count;
            },
            cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Memberships that have ended, and count for nothing, are still there: {Reason}")]
    private partial void LogFailing(string reason);

    private sealed record Row
    {
        public required Guid GroupId { get; init; }

        public required Guid Id { get; init; }

        public required string Username { get; init; }

        public required DateTimeOffset Until { get; init; }

        public AuditChange ToChange() => new(
            GroupPermissions.Model,
            GroupId.ToString(),
            GroupStore.RemoveMember,
            GroupStore.Values(new GroupMember { Id = Id, Username = Username, Until = Until }),
            After: null);
    }
}
