using System.ComponentModel.DataAnnotations;
using Api.Models.Authors;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Models;

public enum SampleState
{
    Draft,
    InReview,
    Done,
}

/// <summary>A row with every type of a column, and an id that its creator gives.</summary>
public sealed record Sample : IValidatableObject
{
    [StringLength(40)]
    public required string Id { get; init; }

    [StringLength(100)]
    public required string Text { get; init; }

    public string? Note { get; init; }

    public required Guid Token { get; init; }

    public Guid? AuthorId { get; init; }

    public required bool Flag { get; init; }

    public bool? Maybe { get; init; }

    [Range(0, 1000)]
    public int Number { get; init; } = 7;

    public int? Count { get; init; }

    public long Big { get; init; }

    public long? Bigger { get; init; }

    public decimal Price { get; init; }

    public decimal? Discount { get; init; }

    public DateOnly Day { get; init; } = new(2000, 1, 1);

    public DateOnly? LastDay { get; init; }

    public DateTimeOffset At { get; init; } = DateTimeOffset.UnixEpoch;

    public DateTimeOffset? Until { get; init; }

    public SampleState State { get; init; }

    public SampleState? Former { get; init; }

    public string Stamp { get; init; } = "fresh";

    [Display(Name = "Sorted as")]
    public int? Order { get; init; }

    public int Version { get; init; }

    /// <summary>Computed, so no column.</summary>
    public bool IsFree => Price == 0;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LastDay < Day)
        {
            yield return new ValidationResult("lastDay must not lie before day.", [nameof(LastDay)]);
        }
    }
}

internal sealed class SampleModel : IModel<Sample>
{
    public static void Declare(ModelBuilder<Sample> model) => model
        .Named("test-sample", "test-samples")
        .Searches(sample => sample.Text, sample => sample.Note)
        .Sorts(
            sample =>
                sample.Text, sample =>
                    sample.Note, sample => sample.Token, sample => sample.AuthorId, sample => sample.Flag, sample => sample.Maybe,
            sample =>
                sample.Number, sample =>
                    sample.Count, sample => sample.Bigger, sample => sample.Price, sample => sample.Discount, sample => sample.Day,
            sample =>
                sample.LastDay, sample =>
                    sample.At, sample =>
                        sample.Until, sample => sample.State, sample => sample.Former, sample => sample.Order, sample => sample.Id)
        .References<Author>(sample => sample.AuthorId)
        .ReadOnly(sample => sample.Stamp)
        .Rows(subject => subject.May("test-sample", "reveal")
            ? RowFilter.All
            : RowFilter.Where($"text <> {"hidden"} AND (flag = {true} OR number < {1001}) AND state <> {SampleState.Done}"))
        .Action("reveal", (sample, call) => sample with { Stamp = $"revealed on {call.Today:O}" })
        .Action("stamp-it", StampAsync)
        .Endpoints(samples => samples.MapGet("/of-author/{author:guid}", CountOfAuthorAsync)
            .WithName("CountSamples")
            .AcceptsQuery()
            .RequirePermission("test-sample", Permission.View));

    // What an action writes besides its row is in the same transaction.
    private static async ValueTask<ActionOutcome<Sample>> StampAsync(Sample sample, ActionCall call)
    {
        await call.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE test_samples SET note = 'touched by another stamp' WHERE id <> @Id AND note = 'touch me'",
            new { sample.Id },
            call.Transaction,
            cancellationToken: call.CancellationToken));
        return sample.Stamp == "stamped" ? ActionOutcome<Sample>.Refuse("It is stamped already.") : sample with { Stamp = "stamped" };
    }

    private static async Task<Ok<int>> CountOfAuthorAsync(
        Guid author,
        Caller caller,
        HttpRequest request,
        [FromKeyedServices("test-sample")] ModelStore samples,
        CancellationToken cancellationToken)
    {
        var column = samples.Model.Columns.Single(column => column.Property == nameof(Sample.AuthorId));
        var query = new ListQuery(
            Search: null, [new ListCondition(column, "=", author)], samples.Model.Id, Descending: false, Limit: 100, After: null);
        return TypedResults.Ok((await samples.ListAsync(query, RowSubject.FromCaller(caller), cancellationToken)).Items.Count);
    }
}

/// <summary>The application with one model more, which only tests have, and a table for it.</summary>
public abstract class ApiWithSamples : ApiUnderTest
{
    internal const string SqliteTable = """
        CREATE TABLE test_samples (
            id TEXT PRIMARY KEY, text TEXT NOT NULL, note TEXT, token TEXT NOT NULL, author_id TEXT REFERENCES authors (id),
            flag INTEGER NOT NULL, maybe INTEGER, number INTEGER NOT NULL, count INTEGER, big INTEGER NOT NULL, bigger INTEGER,
            price TEXT NOT NULL, discount TEXT, day TEXT NOT NULL, last_day TEXT, at TEXT NOT NULL, until TEXT,
            state TEXT NOT NULL, former TEXT, stamp TEXT NOT NULL, "order" INTEGER UNIQUE, version INTEGER NOT NULL DEFAULT 1
        );
        """;

    internal const string PostgreSqlTable = """
        CREATE TABLE test_samples (
            id text PRIMARY KEY, text text NOT NULL, note text, token uuid NOT NULL, author_id uuid REFERENCES authors (id),
            flag boolean NOT NULL, maybe boolean, number integer NOT NULL, count integer, big bigint NOT NULL, bigger bigint,
            price numeric NOT NULL, discount numeric, day date NOT NULL, last_day date, at timestamptz NOT NULL, until timestamptz,
            state varchar(20) NOT NULL, former text, stamp text NOT NULL, "order" integer UNIQUE, version integer NOT NULL DEFAULT 1
        );
        """;

    private protected ApiWithSamples(EmbeddedRealmUnderTest realm, DatabaseEngine engine)
        : base(realm, engine)
    {
    }

    private protected override void AddServices(IServiceCollection services)
    {
        services.AddModel<SampleModel, Sample>();
        services.AddSingleton<MatcherPolicy, FaultPolicy>();
    }

    private protected override async Task PrepareAsync(Database database)
    {
        await using var connection = await database.OpenToWriteAsync(CancellationToken.None);
        await connection.ExecuteAsync(Engine == DatabaseEngine.Sqlite ? SqliteTable : PostgreSqlTable);
    }
}

public sealed class ApiWithSamplesOnSqlite(EmbeddedRealmUnderTest realm) : ApiWithSamples(realm, DatabaseEngine.Sqlite);

public sealed class ApiWithSamplesOnPostgreSql(EmbeddedRealmUnderTest realm) : ApiWithSamples(realm, DatabaseEngine.PostgreSql);
