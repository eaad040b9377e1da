using Seeding;

// dotnet run --project Seeding -- [--accounts NUMBER] …; settings and database are the service's.
return await SeedCommand.Create().Parse(args).InvokeAsync();
