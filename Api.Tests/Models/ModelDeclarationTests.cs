using System.ComponentModel.DataAnnotations;
using Api.Models.Authors;
using Api.Models.Books;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess;
using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Models;

/// <summary>A declaration that cannot be, or does not fit its table, ends the start with the model's name and the remedy.</summary>
public sealed class ModelDeclarationTests
{
    [Fact]
    public void A_declaration_needs_a_name() => AssertMistake<Thing>(_ => { }, "The model Thing", "Call Named(\"book\", \"books\")");

    [Theory]
    [InlineData("Thing", "things")]
    [InlineData("thing", "the things")]
    [InlineData("thing-", "things")]
    [InlineData("thing", "things; DROP TABLE books")]
    [InlineData("1thing", "things")]
    [InlineData("*", "things")]
    public void A_name_has_small_letters_and_hyphens(string name, string plural) =>
        AssertMistake<Thing>(model => model.Named(name, plural), "cannot be named", "as in role-mapping");

    [Fact]
    public void A_record_without_an_id_is_no_model() =>
        AssertMistake<NoId>(model => model.Named("thing", "things"), "The model thing", "needs a property Id");

    [Fact]
    public void An_id_is_a_Guid_or_a_string() =>
        AssertMistake<NumberId>(model => model.Named("thing", "things"), "a Guid, which the service assigns");

    [Fact]
    public void A_type_that_no_column_has_is_named() =>
        AssertMistake<Listing>(
            model => model.Named("thing", "things"),
            "the property Tags is a String[]",
            "DateOnly, DateTimeOffset, Decimal, Guid, Int32, Int64, String, an enum");

    [Fact]
    public void A_record_is_made_without_parameters() =>
        AssertMistake<Positional>(model => model.Named("thing", "things"), "no constructor without parameters");

    [Fact]
    public void A_column_is_not_called_as_a_parameter_of_every_list() =>
        AssertMistake<Limited>(model => model.Named("thing", "things"), "the column limit has the name of a query parameter");

    [Fact]
    public void A_version_is_a_number() => AssertMistake<Versioned>(model => model.Named("thing", "things"), "Version must be an int");

    [Fact]
    public void What_requests_do_not_carry_has_a_value_of_its_own() =>
        AssertMistake<Thing>(
            model => model.Named("thing", "things").ReadOnly(thing => thing.Name), "the property Name has no value of its own");

    [Fact]
    public void A_sort_names_a_property() =>
        AssertMistake<Thing>(model => model.Named("thing", "things").Sorts(thing => thing.Name.Length), "names no column");

    [Theory]
    [InlineData("view")]
    [InlineData("delete")]
    [InlineData("twice")]
    public void An_action_has_a_name_of_its_own(string name) => AssertMistake<Thing>(
        model => model.Named("thing", "things").Action("twice", (thing, _) => thing).Action(name, (thing, _) => thing),
        $"The model thing: it has an action {name} already");

    [Fact]
    public void An_action_has_a_name_that_can_stand_in_an_address() =>
        AssertMistake<Thing>(
            model => model.Named("thing", "things").Action("do/it", (thing, _) => thing), "an action cannot be named \"do/it\"");

    [Fact]
    public void A_model_refers_to_models_that_are_there()
    {
        var exception = Assert.Throws<ModelException>(() => Catalogue(services => services.AddModel<BookModel, Book>()));

        Assert.Contains(
            "The model book: its column authorId refers to Author, which is no model. Add it: "
                + "builder.Services.AddModel<AuthorModel, Author>()",
            exception.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_is_of_the_type_of_what_it_refers_to()
    {
        var exception = Assert.Throws<ModelException>(() => Catalogue(services =>
        {
            services.AddModel<AuthorModel, Author>();
            services.AddModel<MistypedModel, Mistyped>();
        }));

        Assert.Contains("its column author must be of the type of Author.Id, a Guid", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("author", "writers")]
    [InlineData("writer", "authors")]
    public void Two_models_do_not_share_a_name(string name, string plural)
    {
        var exception = Assert.Throws<ModelException>(() => Catalogue(services =>
        {
            services.AddModel<AuthorModel, Author>();
            services.AddModel(name, plural, "Others");
        }));

        Assert.Contains("The model author: there is another model of the name", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_is_told_without_a_stack_trace()
    {
        var explanation = StartError.Explain(new ModelException("book", "it lacks something."));

        Assert.Equal($"The service cannot start:{Environment.NewLine}  The model book: it lacks something.", explanation);
    }

    [Fact]
    public void A_model_is_declared_in_eighty_lines_with_its_migrations()
    {
        string[] files =
            ["Api/Models/Authors/Author.cs", "Api/Migrations/Sqlite/0001_authors.sql", "Api/Migrations/PostgreSql/0001_authors.sql"];

        var lines = files.Sum(file => Repository.Read(file).TrimEnd().Split('\n').Length);

        Assert.InRange(lines, 1, 80);
        Assert.Equal(5, typeof(Author).GetProperties().Length);
    }

    private static void AssertMistake<T>(Action<ModelBuilder<T>> declare, params string[] expected)
        where T : class
    {
        var exception = Assert.Throws<ModelException>(() =>
        {
            var builder = new ModelBuilder<T>();
            declare(builder);
            builder.Build();
        });
        Assert.All(expected, text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
    }

    private static ModelCatalogue Catalogue(Action<IServiceCollection> add)
    {
        var services = new ServiceCollection();
        add(services);
        return services.BuildServiceProvider().GetRequiredService<ModelCatalogue>();
    }

    private sealed record Thing
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }
    }

    private sealed record NoId
    {
        public required string Name { get; init; }
    }

    private sealed record NumberId
    {
        public required int Id { get; init; }
    }

    private sealed record Listing
    {
        public required Guid Id { get; init; }

        public string[] Tags { get; init; } = [];
    }

    private sealed record Positional(Guid Id);

    private sealed record Limited
    {
        public required Guid Id { get; init; }

        public int Limit { get; init; }
    }

    private sealed record Versioned
    {
        public required Guid Id { get; init; }

        public string Version { get; init; } = "";
    }

    private sealed record Mistyped
    {
        public required Guid Id { get; init; }

        public required string Author { get; init; }
    }

    private sealed class MistypedModel : IModel<Mistyped>
    {
        public static void Declare(ModelBuilder<Mistyped> model) =>
            model.Named("mistyped", "mistypeds").References<Author>(mistyped => mistyped.Author);
    }
}

/// <summary>A declaration is compared with its table, and what is missing is told with the SQL that adds it.</summary>
public abstract class TableCheckTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_table_that_is_not_there_is_told_with_the_SQL_that_makes_it()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        var models = Catalogue<SampleModel, Sample>();

        var exception = await Assert.ThrowsAsync<ModelException>(async () => await CheckAsync(models, connection));
        Assert.Contains(
            "The model test-sample: there is no table test_samples. Add a migration for each engine:",
            exception.Message,
            StringComparison.Ordinal);

        // What it says is what it wants.
        await connection.ExecuteAsync(SqlOf(exception.Message));
        await CheckAsync(models, connection);
        Assert.Empty(await TableIndexes.ListMissingAsync(models.Models[0], connection, Engine, Cancel));
    }

    [Fact]
    public async Task An_order_or_a_reference_without_an_index_is_told_with_the_SQL_that_makes_it()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        var authors = Catalogue<AuthorModel, Author>();
        Assert.Empty(await TableIndexes.ListMissingAsync(authors.Models[0], connection, Engine, Cancel));
        await connection.ExecuteAsync("DROP INDEX authors_by_name");

        var missing = await TableIndexes.ListMissingAsync(authors.Models[0], connection, Engine, Cancel);

        Assert.StartsWith("CREATE INDEX \"authors_by_name\" ON \"authors\" (\"name\"", Assert.Single(missing), StringComparison.Ordinal);
        await connection.ExecuteAsync(missing[0]);
        Assert.Empty(await TableIndexes.ListMissingAsync(authors.Models[0], connection, Engine, Cancel));
    }

    [Fact]
    public async Task A_column_that_is_not_there_is_told_with_the_SQL_that_adds_it()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync($"CREATE TABLE shelves (id {Type("TEXT", "uuid")} PRIMARY KEY, version integer NOT NULL DEFAULT 1)");
        var models = Catalogue<ShelfModel, Shelf>();

        var exception = await Assert.ThrowsAsync<ModelException>(async () => await CheckAsync(models, connection));
        Assert.Contains("The model shelf: the table shelves lacks label, width, author_id.", exception.Message, StringComparison.Ordinal);

        await connection.ExecuteAsync(SqlOf(exception.Message).Replace("'(for the rows that are there)'", "'0'", StringComparison.Ordinal));
        await CheckAsync(models, connection);
    }

    [Theory]
    [InlineData("width", "TEXT", "text", "the column width of the table shelves is")]
    [InlineData("width", "INTEGER NOT NULL DEFAULT 0", "integer NOT NULL DEFAULT 0", "Change one of them.")]
    [InlineData("label", "TEXT", "text", "the property Label needs")]
    [InlineData("author_id", "TEXT", "uuid", "no foreign key")]
    [InlineData("version", "", "", "lacks version")]
    public async Task A_column_that_is_another_than_declared_ends_the_start(
        string column, string sqlite, string postgreSql, string expected)
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        var columns = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["id"] = Type("TEXT", "uuid") + " PRIMARY KEY",
            ["label"] = Type("TEXT NOT NULL", "varchar(80) NOT NULL"),
            ["width"] = Type("INTEGER", "integer"),
            ["author_id"] = Type("TEXT REFERENCES authors (id)", "uuid REFERENCES authors (id)"),
            ["version"] = "integer NOT NULL DEFAULT 1",
        };
        await CreateAsync();
        await CheckAsync(Catalogue<ShelfModel, Shelf>(), connection);

        columns[column] = Type(sqlite, postgreSql);
        await connection.ExecuteAsync("DROP TABLE shelves");
        await CreateAsync();
        var exception = await Assert.ThrowsAsync<ModelException>(async () => await CheckAsync(Catalogue<ShelfModel, Shelf>(), connection));

        Assert.StartsWith("The model shelf: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);

        async Task CreateAsync() => await connection.ExecuteAsync(
            "CREATE TABLE shelves "
                + $"({string.Join(", ", columns.Where(entry => entry.Value.Length > 0).Select(entry => $"{entry.Key} {entry.Value}"))})");
    }

    [Fact]
    public async Task A_rule_that_names_no_column_ends_the_start()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        var models = Catalogue<RuledModel, Author>();
        var changes = new ChangeRunner(
            database, new AuditLog(TimeProvider.System), new AccessRulesCache(database), superusers: null!);
        var store = new ModelStore(models.Models[0], models, database, changes, TimeProvider.System);

        var exception = await Assert.ThrowsAsync<ModelException>(async () => await store.TryRuleAsync(connection, Cancel));

        Assert.Contains(
            "The model author: its row-level rule is no condition that the table authors takes",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Contains("bornOn", exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static ModelCatalogue Catalogue<TModel, TRow>()
        where TModel : IModel<TRow>
        where TRow : class
    {
        var services = new ServiceCollection();
        services.AddModel<TModel, TRow>();
        if (typeof(TRow) != typeof(Author))
        {
            services.AddModel<AuthorModel, Author>();
        }

        return services.BuildServiceProvider().GetRequiredService<ModelCatalogue>();
    }

    private Task CheckAsync(ModelCatalogue models, System.Data.Common.DbConnection connection) =>
        TableCheck.CheckAsync(models.Models[0], models, connection, Engine, Cancel);

    private string Type(string sqlite, string postgreSql) => Engine == DatabaseEngine.Sqlite ? sqlite : postgreSql;

    private string SqlOf(string message)
    {
        var start = message.IndexOf($"-- Migrations/{Engine}", StringComparison.Ordinal);
        var end = message.IndexOf("-- Migrations/", start + 1, StringComparison.Ordinal);
        return end < 0 ? message[start..] : message[start..end];
    }

    private sealed record Shelf
    {
        public required Guid Id { get; init; }

        [StringLength(80)]
        public required string Label { get; init; }

        public int? Width { get; init; }

        public Guid? AuthorId { get; init; }
    }

    private sealed class ShelfModel : IModel<Shelf>
    {
        public static void Declare(ModelBuilder<Shelf> model) =>
            model.Named("shelf", "shelves").References<Author>(shelf => shelf.AuthorId);
    }

    private sealed class RuledModel : IModel<Author>
    {
        public static void Declare(ModelBuilder<Author> model) => model
            .Named("author", "authors")
            .Rows(subject => subject.May("author", Permission.Change) ? RowFilter.All : RowFilter.Where($"bornOn IS NOT NULL"));
    }
}

public sealed class TableCheckOnSqliteTests : TableCheckTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class TableCheckOnPostgreSqlTests : TableCheckTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
