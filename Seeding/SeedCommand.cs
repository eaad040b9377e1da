using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Api.Models.Books;
using KeycloakAccess;
using KeycloakAccess.Authentication;
using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Seeding;

/// <summary>In Development only.</summary>
internal static class SeedCommand
{
    public static RootCommand Create()
    {
        var accounts = Number("--accounts", "How many accounts: people, and one service in twenty.", 200, most: 1_000_000);
        var groups = Number("--groups", "How many local groups.", 12, most: 10_000);
        var mappings = Number(
            "--mappings", "How many role mappings. Some match nothing, and some roles are not mapped.", 40, most: 100_000);
        var books = Number(
            "--books", "How many books; left out, half as many as accounts, and 20,000 at most.", usual: null, most: 1_000_000);
        var audit = Number("--audit", "How many rows of the audit log.", 2000, most: 10_000_000);
        var days = Number("--days", "Over how many days up to now.", 30, least: 1, most: 3650);
        var seed = Number("--seed", "What chance starts from: the same number makes the same data, once in a database.", 1);
        var command = new RootCommand("""
            Fill the service's database with made-up data: accounts, groups, mappings, history. In Development only.

            It adds to what is there, all or nothing. The same --seed adds nothing a second time; another one does.
            """)
        {
            accounts,
            groups,
            mappings,
            books,
            audit,
            days,
            seed,
        };
        command.SetAction((line, cancellationToken) =>
        {
            var size = new SeedSize(
                Value(line, accounts),
                Value(line, groups),
                Value(line, mappings),
                Value(line, audit),
                Value(line, days),
                Value(line, seed));
            return RunAsync(size with { Books = line.GetValue(books) ?? size.Books }, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(SeedSize size, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder();
        if (!builder.Environment.IsDevelopment())
        {
            Terminal.Say(
                $"error: The environment is {builder.Environment.EnvironmentName}, and made-up accounts belong into no database "
                    + "but one for development. If this is one, set ASPNETCORE_ENVIRONMENT=Development.");
            return ExitCode.Invalid;
        }

        try
        {
#if DEBUG
            await Api.Development.DevelopmentRealm.AddAsync(builder, start: false);
#endif
            builder.AddKeycloakAccess();
            builder.Services.AddMigrations(typeof(Book).Assembly);
            builder.Logging.ClearProviders();
            await using var app = builder.Build();
            await SeedAsync(app.Services, size, cancellationToken);
            return ExitCode.Done;
        }
        catch (Exception exception) when (StartError.Explain(exception) is { } explanation)
        {
            Terminal.SayLines(explanation);
            return ExitCode.Failed;
        }
    }

    private static async Task SeedAsync(IServiceProvider services, SeedSize size, CancellationToken cancellationToken)
    {
        var database = services.GetRequiredService<Database>();
        // A fresh clone has neither the folder nor the tables yet.
        await services.GetRequiredService<Migrator>().MigrateAsync(cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var seeder = new Seeder(
            database, services.GetRequiredService<IOptions<KeycloakOptions>>().Value, services.GetRequiredService<TimeProvider>());
        Terminal.Say(await seeder.SeedAsync(size, Report, cancellationToken)
            ? $"Added to {database.Place} in "
                + $"{Stopwatch.GetElapsedTime(started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s. Nobody of them can "
                + "sign in: Keycloak does not know them."
            : $"{database.Place} holds the data of --seed {size.Seed} already. Nothing has been added; another --seed adds more.");
    }

    // On a terminal, the next line of progress overwrites this one.
    private static void Report(string what, long? total, long done)
    {
        var number = done.ToString("N0", CultureInfo.InvariantCulture);
        var isTerminal = !Console.IsErrorRedirected;
        if (total is null)
        {
            Console.Error.WriteLine($"{(isTerminal ? "\r" : "")}{number,11} {what}{(isTerminal ? "\e[K" : "")}");
        }
        else if (isTerminal)
        {
            Console.Error.Write($"\r{number,11} {what}, of about {total.Value.ToString("N0", CultureInfo.InvariantCulture)}\e[K");
        }
    }

    private static int Value(ParseResult line, Option<int?> option) => line.GetValue(option)!.Value;

    private static Option<int?> Number(string name, string description, int? usual, int least = 0, int most = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "number",
        DefaultValueFactory = _ => usual,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
            {
                result.AddError($"{name} is {text}. It must be a number from {least} to {most}.");
            }

            return number;
        },
    };
}
