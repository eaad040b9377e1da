using System.Globalization;
using Npgsql;

namespace Benchmarks.Pages;

internal sealed record Amount(string Name, int Accounts, int Groups, int Mappings, int Audit)
{
    /// <summary>Unless it says otherwise, as many as go with the accounts.</summary>
    public int? Books { get; init; }

    public IEnumerable<string> Arguments =>
        new (string Name, int? Value)[]
        {
            ("--accounts", Accounts), ("--groups", Groups), ("--mappings", Mappings), ("--audit", Audit), ("--books", Books),
        }
        .Where(option => option.Value is not null)
        .SelectMany(option => new[] { option.Name, option.Value!.Value.ToString(CultureInfo.InvariantCulture) });
}

/// <summary>Deleted at the end, unless it is kept for the next run.</summary>
internal sealed class MeasuredDatabase : IAsyncDisposable
{
    private readonly Func<Task> _drop;

    private MeasuredDatabase(string connectionString, Func<Task> drop)
    {
        ConnectionString = connectionString;
        _drop = drop;
    }

    public string ConnectionString { get; }

    /// <summary>
    /// <c>server</c> is a connection string whose user may create databases; null for SQLite. A kept database is not seeded twice.
    /// </summary>
    public static async Task<MeasuredDatabase> CreateAsync(string? server, Amount amount, string folder, bool isKept)
    {
        if (server is null)
        {
            return new MeasuredDatabase($"Data Source={Path.Combine(folder, $"{amount.Name}.db")}", () => Task.CompletedTask);
        }

        var name = isKept ? $"api_benchmark_{amount.Name}" : $"api_benchmark_{amount.Name}_{Environment.ProcessId}";
        await using var source = NpgsqlDataSource.Create(server);
        await using (var exists = source.CreateCommand("SELECT COUNT(*) FROM pg_database WHERE datname = $1"))
        {
            exists.Parameters.AddWithValue(name);
            if (await exists.ExecuteScalarAsync() is 0L)
            {
                await ExecuteAsync(server, $"CREATE DATABASE {name}");
            }
        }

        return new MeasuredDatabase(
            new NpgsqlConnectionStringBuilder(server) { Database = name, CommandTimeout = 600 }.ConnectionString,
            () => isKept ? Task.CompletedTask : ExecuteAsync(server, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }

    public async ValueTask DisposeAsync() => await _drop();

    private static async Task ExecuteAsync(string server, string sql)
    {
        await using var source = NpgsqlDataSource.Create(server);
#pragma warning disable CA2100 // The name is made above.
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
