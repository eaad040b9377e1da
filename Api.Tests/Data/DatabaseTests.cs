using Api.Data;

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

    [Fact]
    public async Task A_relative_path_starts_at_the_content_root_and_a_place_holds_no_secret()
    {
        await using var sqlite = Database.From("Data Source=data/api.db", "/srv/api");
        await using var postgres = Database.From("Host=db.test;Database=api;Username=u;Password=secret", "/");

        Assert.Equal("SQLite /srv/api/data/api.db", sqlite.Place);
        Assert.Equal("PostgreSQL db.test:5432/api", postgres.Place);
    }
}
