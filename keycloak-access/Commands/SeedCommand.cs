using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using KeycloakAccess.Commands.Seeding;
using KeycloakAccess.Data;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Commands;

/// <summary>
/// <c>Api seed</c>: fills a database with made-up people, services, rules and history, for demonstrations and measures. In
/// Development only.
/// </summary>
internal static class SeedCommand
{
    public static Verb Create()
    {
        var accounts = Number("--accounts", "How many accounts: people, and one service in twenty.", 200, most: 1_000_000);
        var groups = Number("--groups", "How many local groups.", 12, most: 10_000);
        var mappings = Number("--mappings", "How many role mappings. Some match nothing, and some roles are not mapped.", 40, most: 100_000);
        var audit = Number("--audit", "How many rows of the audit log.", 2000, most: 10_000_000);
        var days = Number("--days", "Over how many days up to now.", 30, least: 1, most: 3650);
        var seed = Number("--seed", "What chance starts from: the same number makes the same data, once in a database.", 1);
        return new Verb("seed", """
            Fill the database with made-up data: accounts, groups, mappings, history. In Development only.

            It adds to what is there, all or nothing. The same --seed adds nothing a second time; another one does.
            """, async (services, line, cancellationToken) =>
        {
            var environment = services.GetRequiredService<IHostEnvironment>();
            if (!environment.IsDevelopment())
            {
                Terminal.Say($"error: The environment is {environment.EnvironmentName}, and made-up accounts belong into no database but one for development. If this is one, set ASPNETCORE_ENVIRONMENT=Development.");
                return ExitCode.Invalid;
            }

            var size = new SeedSize(
                line.GetValue(accounts), line.GetValue(groups), line.GetValue(mappings), line.GetValue(audit), line.GetValue(days), line.GetValue(seed));
            var database = services.GetRequiredService<Database>();
            // The folder and the tables of a fresh clone: nobody has to start the service first.
            await services.GetRequiredService<Migrator>().MigrateAsync(cancellationToken);
            var started = Stopwatch.GetTimestamp();
            var seeder = new Seeder(database, services.GetRequiredService<IOptions<KeycloakOptions>>().Value, services.GetRequiredService<TimeProvider>());
            if (!await seeder.SeedAsync(size, Report, cancellationToken))
            {
                Terminal.Say($"{database.Place} holds the data of --seed {size.Seed} already. Nothing has been added; another --seed adds more.");
                return ExitCode.Done;
            }

            Terminal.Say($"Added to {database.Place} in {Stopwatch.GetElapsedTime(started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s. Nobody of them can sign in: Keycloak does not know them.");
            return ExitCode.Done;
        })
        {
            accounts,
            groups,
            mappings,
            audit,
            days,
            seed,
        };
    }

    private static void Report(string what, long? total, long done)
    {
        if (total is { } all)
        {
            Terminal.SayForNow($"{Text(done),11} {what}, of about {Text(all)}");
        }
        else
        {
            Terminal.SayInstead($"{Text(done),11} {what}");
        }

        static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
    }

    private static Option<int> Number(string name, string description, int usual, int least = 0, int most = int.MaxValue) => new(name)
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
