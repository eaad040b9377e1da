using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>The connection string alone chooses the engine, and a bad one is explained.</summary>
public sealed class DatabaseTests
{
    [Theory]
    [InlineData("Data Source=x.db", "Sqlite")]
    [InlineData("Filename=x.db", "Sqlite")]
    [InlineData("Host=db.test;Database=api;Username=u;Password=p", "PostgreSql")]
    [InlineData("Server=db.test;Database=api", "PostgreSql")]
    public async Task The_connection_string_chooses_the_engine(string connectionString, string engine)
    {
        await using var database = Database.From(connectionString, "/");

        Assert.Equal(engine, database.Engine.ToString());
    }

    [Theory]
    [InlineData(null, "is missing")]
    [InlineData("", "is missing")]
    [InlineData("Database=api", "cannot be read")]
    [InlineData("nonsense", "cannot be read")]
    [InlineData("Data Source=:memory:", "lost with its first connection")]
    [InlineData("Data Source=x;Mode=Memory", "lost with its first connection")]
    [InlineData("Host=x;Nonsense=y", "cannot be read")]
    public void A_bad_one_is_explained(string? connectionString, string expected)
    {
        var exception = Assert.Throws<DatabaseException>(() => Database.From(connectionString, "/"));

        Assert.Contains("ConnectionStrings:Database", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("08006", true)]
    [InlineData("53300", true)]
    [InlineData("57P03", true)]
    [InlineData("55000", true)]
    [InlineData("25006", true)]
    [InlineData("28P01", true)]
    [InlineData("3D000", true)]
    [InlineData("42601", false)]
    [InlineData("23505", false)]
    [InlineData("22021", false)]
    public void An_outage_of_PostgreSQL_is_told_from_a_mistake_in_a_statement(string state, bool outage) =>
        Assert.Equal(outage, DatabaseOutage.IsOutage(new PostgresException("text", "ERROR", "ERROR", state)));

    [Theory]
    [InlineData(5, true)]
    [InlineData(8, true)]
    [InlineData(10, true)]
    [InlineData(13, true)]
    [InlineData(14, true)]
    [InlineData(1, false)]
    [InlineData(19, false)]
    public void An_outage_of_SQLite_is_told_from_a_mistake_in_a_statement(int code, bool outage) =>
        Assert.Equal(outage, DatabaseOutage.IsOutage(new SqliteException("text", code)));

    [Fact]
    public void A_server_that_cannot_be_reached_is_an_outage_and_a_bug_is_not()
    {
        Assert.True(DatabaseOutage.IsOutage(new NpgsqlException("Failed to connect")));
        Assert.False(DatabaseOutage.IsOutage(new InvalidOperationException()));
    }

    [Theory]
    [InlineData("", Database.DefaultPoolSize / 2)]
    [InlineData(";Maximum Pool Size=8", 4)]
    [InlineData(";MaxPoolSize=8", 4)]
    [InlineData(";Minimum Pool Size=30", 15)]
    [InlineData(";Maximum Pool Size=1", 1)]
    public async Task Writers_have_half_of_a_pool_that_fits_a_server_where_nothing_else_is_said(string more, int writers)
    {
        await using var database = Database.From("Host=db.test;Database=api" + more, "/");

        Assert.Equal(writers, database.Writers);
    }

    [Fact]
    public async Task A_relative_path_starts_at_the_content_root_and_a_place_holds_no_secret()
    {
        await using var sqlite = Database.From("Data Source=data/api.db", "/srv/api");
        await using var postgres = Database.From("Host=db.test;Database=api;Username=u;Password=secret", "/");

        Assert.Equal("SQLite /srv/api/data/api.db", sqlite.Place);
        Assert.Equal("PostgreSQL db.test:5432/api", postgres.Place);
    }
}
