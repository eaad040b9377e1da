using System.Globalization;
using Npgsql;

namespace Benchmarks.Pages;

/// <summary>How much is in a database that is measured, and what the table calls it.</summary>
internal sealed record Amount(string Name, int Accounts, int Groups, int Mappings, int Audit)
{
    public IEnumerable<string> Arguments => new (string Name, int Value)[] { ("--accounts", Accounts), ("--groups", Groups), ("--mappings", Mappings), ("--audit", Audit) }
        .SelectMany(option => new[] { option.Name, option.Value.ToString(CultureInfo.InvariantCulture) });
}

/// <summary>A database that the benchmark has made and filled, and takes away again unless it is to be kept.</summary>
internal sealed class MeasuredDatabase : IAsyncDisposable
{
    private readonly Func<Task> _drop;

    private MeasuredDatabase(string connectionString, Func<Task> drop)
    {
        ConnectionString = connectionString;
        _drop = drop;
    }

    public string ConnectionString { get; }

    /// <param name="server">A connection string of PostgreSQL whose user may create databases; <see langword="null"/> for SQLite.</param>
    /// <param name="amount">How much goes into it.</param>
    /// <param name="folder">Where files are.</param>
    /// <param name="isKept">Whether it stays for the next run. It is used again then: seeding adds nothing twice.</param>
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
